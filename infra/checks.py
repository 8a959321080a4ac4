"""What would otherwise fail in the middle of a deployment, or after it, found before the first resource is made."""

from collections.abc import Iterator, Sequence

import msgspec
import pulumi

from handlers.contract import Collection, Route
from infra.answer_size import AnswerTooLarge
from infra.authorizer import authorizer_settings
from infra.documents.gateway import GatewayDocument
from infra.naming import Names
from infra.settings import StackSettings


class NotDeployable(pulumi.RunError):
    """The contract and the settings do not work together. The message has a line for each reason."""


def require_deployable(routes: Sequence[Route], names: Names, settings: StackSettings) -> None:
    """Raises NotDeployable with every reason why this could not be deployed or would not work."""
    collections = {route.collection.name: route.collection for route in routes}.values()
    problems = [
        *(problem for collection in collections for problem in _collection_problems(collection, settings)),
        *_model_problems(list(collections)),
        *names.problems([*(route.name for route in routes), "authorizer"]),
        *_answer_problems(routes, names, settings),
    ]
    if not problems:
        problems = list(_document_problems(routes, settings))
    if problems:
        raise NotDeployable("\n".join((f"stack {names.stack}: {len(problems)} reason(s) not to deploy", *problems)))


def _collection_problems(collection: Collection, settings: StackSettings) -> Iterator[str]:
    if collection.partition == "tenant":
        for issuer in settings.issuers:
            if issuer.tenant_claim is None:
                yield f"  {collection.name}: its data is a tenant's, but issuer {issuer.name} has no tenantClaim"
    for place, kind in _kinds(msgspec.inspect.type_info(collection.model), collection.name):
        if isinstance(kind, msgspec.inspect.FloatType):
            yield f"  {place}: a float does not come back exactly; allowed is decimal.Decimal"


def _kinds(kind: msgspec.inspect.Type, place: str) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    """A type and all within it, each with its place."""
    yield place, kind
    match kind:
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from _kinds(field.type, f"{place}.{field.encode_name}")
        case msgspec.inspect.ListType():
            yield from _kinds(kind.item_type, f"{place}[]")
        case msgspec.inspect.Metadata():
            yield from _kinds(kind.type, place)
        case msgspec.inspect.UnionType():
            for each in kind.types:
                yield from _kinds(each, place)
        case _:
            pass


def _model_problems(collections: list[Collection]) -> Iterator[str]:
    """API Gateway's models are alphanumeric and share one name space."""
    names = [collection.model.__name__ for collection in collections]
    for collection in collections:
        name = collection.model.__name__
        if not (name.isascii() and name.isalnum()):
            yield f"  {collection.name}: its model is called {name}; API Gateway allows letters and digits only"
        if names.count(name) > 1:
            yield f"  {collection.name}: another collection's model is called {name} too"


def _answer_problems(routes: Sequence[Route], names: Names, settings: StackSettings) -> Iterator[str]:
    try:
        authorizer_settings(routes, names, settings)
    except AnswerTooLarge as error:
        yield f"  {error}"


def _document_problems(routes: Sequence[Route], settings: StackSettings) -> Iterator[str]:
    document = GatewayDocument(
        title="check",
        routes=routes,
        functions={route.name: "arn" for route in routes},
        authorizer="arn",
        settings=settings,
    )
    try:
        document.render()
    except ValueError as error:
        yield f"  {error}"
