"""A resource's inputs, taken one at a time, so that what nobody took can be told."""

from collections.abc import Iterator, Mapping
from typing import Any, cast


class UnappliedError(Exception):
    """An input would have been ignored; the message names the properties."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(f"not applied locally: {', '.join(paths)}")
        self.paths = tuple(paths)


class Properties:
    """An object of Pulumi's (names in camelCase) whose fields are taken out by whoever applies them."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = dict(values)
        self._path = path
        self._parts: list[Properties] = []

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        """The names not taken yet."""
        return iter(tuple(self._values))

    def at(self, name: str) -> str:
        """The field's path from the resource: `environment.variables`."""
        return f"{self._path}.{name}" if self._path else name

    def is_object(self, name: str) -> bool:
        """Whether the field holds an object."""
        return isinstance(self._values.get(name), dict)

    def take(self, name: str, default: Any = None) -> Any:
        """The field's value, which the caller applies whole."""
        return self._values.pop(name, default)

    def take_all(self, *names: str) -> dict[str, Any]:
        """Those of the fields that there are, by their names."""
        return {name: self._values.pop(name) for name in names if name in self._values}

    def put(self, name: str, value: str) -> None:
        """Give the field a value that the program left open."""
        self._values[name] = value

    def group(self, name: str) -> "Properties":
        """The object in a field, whose own fields are then to be taken; empty if there is none."""
        part = Properties(cast("dict[str, Any]", self.take(name, {})), self.at(name))
        self._parts.append(part)
        return part

    def groups(self, name: str) -> "list[Properties]":
        """The objects in a field that holds a list of them."""
        path, found = self.at(name), cast("list[dict[str, Any]]", self.take(name, []))
        parts = [Properties(values, f"{path}[{index}]") for index, values in enumerate(found)]
        self._parts += parts
        return parts

    def rest(self) -> dict[str, Any]:
        """All fields that are left, which the caller applies whole."""
        values, self._values = self._values, {}
        return values

    def untaken(self) -> list[str]:
        """The paths of the fields that nobody took."""
        return [self.at(name) for name in self._values] + [path for part in self._parts for path in part.untaken()]

    def require_all_taken(self) -> None:
        """Check that everything was applied.

        Raises:
            UnappliedError: Something was not.
        """
        if paths := self.untaken():
            raise UnappliedError(paths)
