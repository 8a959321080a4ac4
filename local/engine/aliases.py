"""Find a renamed resource in the state of the last deployment.

A program declares earlier names with the option `aliases`. Children inherit them from their parent. The rules are those
of Pulumi's engine
(https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step_generator.go, `generateAliases`).
"""

from collections.abc import Iterator, Sequence

from pulumi.runtime.proto import alias_pb2

from local.engine.deployment import Resource, ResourceError
from local.engine.urns import make_urn, name_of, qualified_type


class Aliases:
    """The renamed resources of one deployment."""

    def __init__(self, *, project: str, stack: str) -> None:
        self._project = project
        self._stack = stack
        self._old_urns: dict[str, str] = {}
        self._users: dict[str, str] = {}

    def candidates(self, resource: Resource, given: Sequence[alias_pb2.Alias]) -> tuple[str, ...]:
        """Return the URNs that a resource may have had, in the order in which they are tried."""
        return tuple(dict.fromkeys(self._candidates(resource, given)))

    def use(self, resource: Resource, old_urn: str) -> None:
        """Note that a resource was found by an earlier URN. Raises ResourceError if another one was, too."""
        if (user := self._users.get(old_urn)) is not None:
            raise ResourceError(resource.type, resource.name, f"its alias {old_urn} is that of {name_of(user)} already")
        self._old_urns[resource.urn] = old_urn
        self._users[old_urn] = resource.urn

    def user_of(self, old_urn: str) -> str | None:
        """Return the URN of the resource that was found by this earlier URN."""
        return self._users.get(old_urn)

    def _candidates(self, resource: Resource, given: Sequence[alias_pb2.Alias]) -> Iterator[str]:
        own = [self._resolve(resource, alias) for alias in given]
        yield from own
        parent_alias = self._old_urns.get(resource.parent)
        if parent_alias is not None:
            yield self._inherited(resource.type, resource.name, resource.parent, parent_alias)
            for urn in own:
                type_ = qualified_type(urn).rpartition("$")[2]
                yield self._inherited(type_, name_of(urn), resource.parent, parent_alias)

    def _resolve(self, resource: Resource, alias: alias_pb2.Alias) -> str:
        """Return an alias as a URN: what it does not name is as it is now."""
        if alias.urn:
            return alias.urn
        spec = alias.spec
        parent = self._old_urns.get(spec.parentUrn, spec.parentUrn) or resource.parent
        return make_urn(
            stack=spec.stack or self._stack,
            project=spec.project or self._project,
            parent="" if spec.noParent else parent,
            type_=spec.type or resource.type,
            name=spec.name or resource.name,
        )

    def _inherited(self, type_: str, name: str, parent: str, parent_alias: str) -> str:
        """Return a child's URN under the parent's earlier URN; a child that is named after its parent was so before."""
        if name.startswith(name_of(parent)):
            name = name_of(parent_alias) + name.removeprefix(name_of(parent))
        return make_urn(stack=self._stack, project=self._project, parent=parent_alias, type_=type_, name=name)
