"""How resources of a type are created: an AWS operation, and the differences between its input and Pulumi's."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from local.provider.connection import Connection
from local.provider.parameters import parameters
from local.provider.properties import Properties

Document = dict[str, Any]
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


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A type of resource. Properties that are not mentioned here are matched to the operation's input by name."""

    service: str
    """botocore's name of the service."""
    operation: str
    id: str
    """The path of the resource's id in the response or the parameters."""
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    """Property names by member names of the input, for names that differ by more than case."""
    name_property: str | None = None
    """The property for which a name is generated if the program does not set it."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths, as for `id`, by output names."""
    convert: Callable[[Properties], Document] | None = None
    """Removes properties that the operation expects in another form, and returns parameters."""
    configure: Callable[[Properties], Step] | None = None
    """Removes properties that need further calls, and returns the function that makes these calls."""
    computed: Step | None = None
    """Computes outputs; an output `id` replaces the id."""
    ignored: tuple[str, ...] = ()
    """Properties that affect only updates and deletions, which the local provider does not support."""
    read: Callable[[Connection, str], Document] | None = None
    """Returns the outputs of an existing resource with this id."""

    def create(self, connection: Connection, name: str, properties: Properties) -> tuple[str, Document]:
        """Create a resource and return its id and outputs.

        Raises:
            UnsupportedInputError: A property is not supported; nothing has been created.
        """
        outputs = generate_name(self.name_property, name, properties) if self.name_property else {}
        properties.pop_many(*self.ignored)
        converted = self.convert(properties) if self.convert else {}
        shape = connection.input_shape(self.service, self.operation)
        arguments = parameters(shape, properties, self.renames) | converted
        steps = [step for step in (self.configure and self.configure(properties), self.computed) if step]
        properties.require_all_used()
        response = connection.call(self.service, self.operation, arguments)
        call = Call(connection=connection, parameters=arguments, response=response)
        for step in steps:
            outputs |= step(call)
        outputs |= {output: call.value(path) for output, path in self.outputs.items()}
        return outputs.pop("id", None) or call.value(self.id), outputs


def generate_name(name_property: str, name: str, properties: Properties) -> Document:
    """Set the property, unless the program does, as Pulumi does it: the logical name and seven random digits.

    Returns the generated property.
    """
    if name_property in properties:
        return {}
    generated = f"{name}-{secrets.token_hex(4)[:7]}"
    properties.set(name_property, generated)
    return {name_property: generated}
