"""URNs: the names of resources within a stack (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns)."""

from local.engine.deployment import STACK_TYPE


def make_urn(*, stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource; `parent` is its parent's URN, or empty."""
    parent_type = qualified_type(parent) if parent else STACK_TYPE
    qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def qualified_type(urn: str) -> str:
    """Return the type of a resource after those of its parents: `my:index:Group$aws:s3/bucket:Bucket`."""
    return urn.split("::")[2]


def name_of(urn: str) -> str:
    """Return the resource's name in the program, which may contain any characters. Raises ValueError."""
    match urn.split("::", 3):
        case [_, _, _, name]:
            return name
        case _:
            raise ValueError(f"invalid URN {urn!r}")
