"""A resource's inputs, removed one by one as they are applied, so that unsupported inputs can be reported."""

from collections.abc import Iterator, Mapping
from typing import Any, cast


class UnsupportedInputError(Exception):
    """A resource has inputs that would be ignored; the message names them."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(f"not supported locally: {', '.join(paths)}")
        self.paths = tuple(paths)


class Properties:
    """An object of Pulumi properties (names in camelCase). Code that applies a property removes it."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = dict(values)
        self._path = path
        self._children: list[Properties] = []

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        """Return the names of the properties that are left."""
        return iter(tuple(self._values))

    def path_of(self, name: str) -> str:
        """Return a property's path from the resource: `environment.variables`."""
        return f"{self._path}.{name}" if self._path else name

    def is_object(self, name: str) -> bool:
        """Return whether a property is an object."""
        return isinstance(self._values.get(name), dict)

    def pop(self, name: str, default: Any = None) -> Any:
        """Remove a property and return its value, which the caller must apply completely."""
        return self._values.pop(name, default)

    def pop_many(self, *names: str) -> dict[str, Any]:
        """Remove the properties with these names, and return those that exist."""
        return {name: self._values.pop(name) for name in names if name in self._values}

    def set(self, name: str, value: Any) -> None:
        """Set a property that the program does not set."""
        self._values[name] = value

    def pop_object(self, name: str) -> "Properties":
        """Remove an object and return its properties, which must be removed in turn. A missing object is empty."""
        child = Properties(cast("dict[str, Any]", self.pop(name, {})), self.path_of(name))
        self._children.append(child)
        return child

    def pop_objects(self, name: str) -> "list[Properties]":
        """Remove a list of objects and return the properties of each, which must be removed in turn."""
        path, values = self.path_of(name), cast("list[dict[str, Any]]", self.pop(name, []))
        children = [Properties(each, f"{path}[{index}]") for index, each in enumerate(values)]
        self._children += children
        return children

    def unused(self) -> list[str]:
        """Return the paths of all properties that are left."""
        return [self.path_of(name) for name in self._values] + [
            path for child in self._children for path in child.unused()
        ]

    def require_all_used(self) -> None:
        """Check that all properties have been removed.

        Raises:
            UnsupportedInputError: Some are left.
        """
        if paths := self.unused():
            raise UnsupportedInputError(paths)
