"""How one type of resource is made: one operation of AWS, and what is peculiar about it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.shapes import parameters

Document = dict[str, Any]
Step = Callable[["Call"], Document]
"""What is done with a call that was made; its outputs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of an operation that was made: its parameters and the response, for what comes after it."""

    connection: Connection
    parameters: Document
    response: Document

    def at(self, path: str) -> Any:
        """The value at a path (`Role.Arn`) of the response or else of the parameters."""
        return reduce(lambda value, part: value[part], path.split("."), {**self.parameters, **self.response})


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A type of resource. Properties not mentioned here are matched to the operation's input by their names."""

    service: str
    """botocore's name of the service."""
    operation: str
    id: str
    """Where the resource's id is: a path in the response or the parameters."""
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of properties by those of the input's members, where they differ by more than their case."""
    named: str | None = None
    """The property that gets a generated name if the program gives none."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths, as for `id`, by names of outputs."""
    before: Callable[[Properties], Document] | None = None
    """Takes properties of another form than the input's; the parameters that they make."""
    after: Callable[[Properties], Step] | None = None
    """Takes properties that need further calls; what makes them once the resource is there."""
    computed: Step | None = None
    """Outputs that are put together, among which `id` takes the place of the id."""
    passive: tuple[str, ...] = ()
    """Properties that steer only updates and deletions, which there are none of here."""

    def make(self, connection: Connection, name: str, properties: Properties) -> tuple[str, Document]:
        """Make the resource; its id and outputs.

        Raises:
            UnappliedError: A property is neither part of the input nor taken by `before` or `after`; nothing is made.
        """
        outputs = generated_name(self.named, name, properties) if self.named else {}
        for passive in self.passive:
            properties.take(passive)
        special = self.before(properties) if self.before else {}
        shape = connection.input_shape(self.service, self.operation)
        given = parameters(shape, properties, self.renames) | special
        steps = [step for step in (self.after and self.after(properties), self.computed) if step]
        properties.require_all_taken()
        response = connection.call(self.service, self.operation, given)
        call = Call(connection=connection, parameters=given, response=response)
        for step in steps:
            outputs |= step(call)
        outputs |= {output: call.at(path) for output, path in self.outputs.items()}
        return outputs.pop("id", None) or call.at(self.id), outputs


def generated_name(named: str, name: str, properties: Properties) -> Document:
    """Put a name into the property unless it has one, as Pulumi does it: the logical name and seven random digits."""
    if named in properties:
        return {}
    generated = f"{name}-{secrets.token_hex(4)[:7]}"
    properties.put(named, generated)
    return {named: generated}
