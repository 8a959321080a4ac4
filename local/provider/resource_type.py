"""How resources of a type are created, changed, read and deleted by calls of AWS operations."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from local.provider.connection import Connection
from local.provider.live import Live, is_same
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.state import Document, PartialFailure, State

Step = Callable[["Call"], Document]
"""A function of a completed call that returns outputs, often after further calls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A completed call of an operation: its parameters and its response."""

    connection: Connection
    parameters: Document
    response: Document

    def value(self, path: str) -> Any:
        """Return the value at a path (`Role.Arn`) of the response or, if it has none, of the parameters."""
        return reduce(lambda value, part: value[part], path.split("."), {**self.parameters, **self.response})


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """How some inputs are changed in place.

    `apply` is called once if any of the inputs has changed, with the old state and all new inputs. It returns outputs.
    """

    inputs: tuple[str, ...]
    apply: Callable[[Connection, State, Properties], Document | None]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A type of resource. Inputs that are not mentioned here are matched to the operation's input by name."""

    service: str
    """botocore's name of the service."""
    operation: str
    """The operation that creates a resource."""
    id: str
    """The path of the resource's id in the response or the parameters."""
    read: Callable[[Connection, State], Live | None]
    """Describes the resource with the state's id; None, or a "not found" error, if there is none."""
    delete: Callable[[Connection, State], object]
    """Deletes the resource."""
    replaces: tuple[str, ...] = ()
    """Inputs whose change replaces the resource, as in AWS."""
    updates: tuple[Update, ...] = ()
    """How the other inputs are changed; applied in this order."""
    overwrites: bool = False
    """Whether the operation that creates a resource also changes one, except for the inputs of `updates`."""
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    """Input names by member names of the operation, for names that differ by more than case."""
    name_property: str | None = None
    """The input for which a name is generated if the program does not set it."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths, as for `id`, by output names."""
    convert: Callable[[Properties], Document] | None = None
    """Removes inputs that the operation expects in another form, and returns parameters."""
    configure: Callable[[Properties], Step] | None = None
    """Removes inputs that need further calls, and returns the function that makes these calls."""
    computed: Step | None = None
    """Computes outputs; an output `id` replaces the id."""
    ignored: tuple[str, ...] = ()
    """Inputs without a counterpart in the service, which only instruct Pulumi."""
    differs: Mapping[str, Callable[[State, Any], bool]] = field(default_factory=dict[str, Callable[[State, Any], bool]])
    """How to tell whether an input has changed, for inputs that cannot be compared by value."""

    sets: tuple[str, ...] = ()
    """Inputs that are lists without an order."""

    def differs_in(self, name: str, state: State, inputs: Document) -> bool:
        """Return whether an input differs from that of a resource's state."""
        if name in self.differs:
            return self.differs[name](state, inputs.get(name))
        return not is_same(state.inputs.get(name), inputs.get(name), ordered=name not in self.sets)

    def unsupported(self, connection: Connection, properties: Properties) -> list[str]:
        """Return the paths of inputs that are not supported, without calling the service."""
        self._prepare(connection, properties)
        return properties.unused()

    def create(self, connection: Connection, name: str, inputs: Document) -> State:
        """Create a resource and return its state.

        Raises:
            UnsupportedInputError: An input is not supported; nothing has been created.
            PartialFailure: The resource exists, but a later call failed. The state lacks the inputs not applied.
        """
        properties = Properties(inputs)
        generated = generate_name(self.name_property, name, properties) if self.name_property else {}
        arguments, configure, pending = self._prepare(connection, properties)
        properties.require_all_used()
        response = connection.call(self.service, self.operation, arguments)
        call = Call(connection=connection, parameters=arguments, response=response)
        outputs: Document = inputs | generated
        try:
            for step in (configure, self.computed):
                outputs |= step(call) if step else {}
        except Exception as error:
            applied = {key: value for key, value in inputs.items() if key not in pending}
            state = State(id=self._id(call, outputs), inputs=applied, outputs=outputs | self._outputs(call))
            raise PartialFailure(state, str(error)) from error
        id_ = self._id(call, outputs)
        return State(id=id_, inputs=inputs, outputs=outputs | self._outputs(call))

    def update(self, connection: Connection, state: State, inputs: Document, changed: Collection[str]) -> State:
        """Change inputs of a resource in place and return its new state.

        Raises:
            NotImplementedError: An input cannot be changed; nothing has been changed.
            PartialFailure: Only some of the inputs have been changed. The state has the old values of the others.
        """
        if self.overwrites:
            return self._overwrite(connection, state, inputs, changed)
        changeable = {name for update in self.updates for name in update.inputs} | set(self.ignored)
        if fixed := sorted(set(changed) - changeable):
            raise NotImplementedError(f"changes of {', '.join(fixed)} are not supported locally")
        applied = {**state.inputs, **_chosen(inputs, self.ignored)}
        outputs = _without_removed(state, inputs)
        for update in self.updates:
            if set(update.inputs).isdisjoint(changed):
                continue
            try:
                outputs |= update.apply(connection, state, Properties(inputs)) or {}
            except Exception as error:
                if applied == state.inputs:
                    raise
                raise PartialFailure(
                    State(id=state.id, inputs=applied, outputs=outputs | applied), str(error)
                ) from error
            applied = {name: value for name, value in applied.items() if name not in update.inputs}
            applied |= _chosen(inputs, update.inputs)
        return State(id=state.id, inputs=inputs, outputs={**outputs, **inputs})

    def _overwrite(self, connection: Connection, state: State, inputs: Document, changed: Collection[str]) -> State:
        generated = {name: state.outputs[name] for name in (self.name_property,) if name and name not in inputs}
        created = self.create(connection, "", inputs | generated)
        for update in self.updates:
            if not set(update.inputs).isdisjoint(changed):
                update.apply(connection, state, Properties(inputs))
        return State(id=created.id, inputs=inputs, outputs=created.outputs)

    def _prepare(self, connection: Connection, properties: Properties) -> tuple[Document, Step | None, frozenset[str]]:
        """Return the operation's parameters, the step that follows it, and the names of the inputs of that step."""
        properties.pop_many(*self.ignored)
        converted = self.convert(properties) if self.convert else {}
        shape = connection.input_shape(self.service, self.operation)
        arguments = parameters(shape, properties, self.renames) | converted
        before = frozenset(properties)
        step = self.configure(properties) if self.configure else None
        return arguments, step, before - frozenset(properties)

    def _outputs(self, call: Call) -> Document:
        return {output: call.value(path) for output, path in self.outputs.items()}

    def _id(self, call: Call, outputs: Document) -> str:
        return str(outputs.pop("id", None) or call.value(self.id))


def generate_name(name_property: str, name: str, properties: Properties) -> Document:
    """Set the property, unless the program does, as Pulumi does it: the logical name and seven random digits.

    Returns the generated property.
    """
    if name_property in properties:
        return {}
    generated = f"{name}-{secrets.token_hex(4)[:7]}"
    properties.set(name_property, generated)
    return {name_property: generated}


def _chosen(values: Document, names: Collection[str]) -> Document:
    return {name: values[name] for name in names if name in values}


def _without_removed(state: State, inputs: Document) -> Document:
    """Return the outputs without those that were inputs and are no longer."""
    return {name: value for name, value in state.outputs.items() if name in inputs or name not in state.inputs}
