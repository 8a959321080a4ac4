"""Checks of the contract together with the settings, before the first resource is created.

Without them, a deployment would fail halfway, or the deployed API would not work.
"""

import json
from collections.abc import Iterator, Sequence

import msgspec
import pulumi

from handlers.contract import Collection, Route
from infra.checks.expected_arns import expected_invocation
from infra.checks.index_checks import index_problems
from infra.checks.quotas import exceeded_quotas
from infra.checks.response_size import MAX_BYTES, ResponseTooLarge
from infra.documents.gateway import GatewayDocument
from infra.functions.function_settings import AUTHORIZER
from infra.functions.layouts import function_names, override_problems
from infra.naming import Names
from infra.settings import StackSettings

CACHED_BY_ROUTE = (
    "API Gateway will cache one policy for each token and route (authorizer.cacheBy: route), because one for all "
    f"routes might take more than {MAX_BYTES} bytes"
)
"""What a deployment says that chooses this itself."""


class NotDeployable(pulumi.RunError):
    """The contract cannot be deployed with these settings. The message has a line for each problem."""


def require_deployable(routes: Sequence[Route], names: Names, settings: StackSettings) -> None:
    """Raise NotDeployable with all problems, if there are any."""
    collections = {route.collection.name: route.collection for route in routes}.values()
    problems = list(_route_problems(routes)) or [
        *(problem for collection in collections for problem in _collection_problems(collection, settings)),
        *_model_problems(list(collections)),
        *settings.api.contract_problems(routes),
        *settings.identity.contract_problems(routes),
        *settings.data.contract_problems(collection.name for collection in collections),
        *settings.domain.deployment_problems(names, pulumi.Config("aws").get("region")),
        *names.problems(
            function_names(routes, settings.functions.layout),
            [collection.name for collection in collections],
            has_backups=settings.backups.enabled,
        ),
        *override_problems(routes, settings.functions),
        *_response_problems(routes, names, settings),
    ]
    if not problems:
        problems = list(_document_problems(routes, names, settings))
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise NotDeployable("\n  ".join((f"stack {names.stack} cannot be deployed: {count}", *problems)))
    if settings.authorizer.cache_by is None and settings.for_authorizer(names, routes).cache_by == "route":
        pulumi.log.info(CACHED_BY_ROUTE)


def _route_problems(routes: Sequence[Route]) -> Iterator[str]:
    """Yield names, and methods of paths, that two routes have in common: requests would reach only one of them."""
    found: dict[str, str] = {}
    for route in routes:
        for key in (f"the name {route.name}", *(f"{method} {route.path}" for method in route.operation.methods)):
            if key in found:
                yield f"{route.name}: {key} is already that of another route, {found[key]}"
            found[key] = route.name


def _collection_problems(collection: Collection, settings: StackSettings) -> Iterator[str]:
    if collection.partition == "tenant":
        for issuer in settings.all_issuers:
            if issuer.tenant_claim is None:
                yield f"{collection.name}: partitioned by tenant, but issuer {issuer.name} has no tenantClaim"
    yield from index_problems(collection)
    for path, kind in _types(msgspec.inspect.type_info(collection.model), collection.name):
        if isinstance(kind, msgspec.inspect.FloatType):
            yield f"{path}: must be decimal.Decimal instead of float, which DynamoDB does not store exactly"
        elif isinstance(kind, msgspec.inspect.AnyType):
            yield f"{path}: must have a type that excludes floats, which DynamoDB does not store exactly"


def _types(kind: msgspec.inspect.Type, path: str) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    """Yield a type and all types within it, each with its path."""
    yield path, kind
    match kind:
        case msgspec.inspect.StructType():
            for field in kind.fields:
                yield from _types(field.type, f"{path}.{field.encode_name}")
        case msgspec.inspect.CollectionType():
            yield from _types(kind.item_type, f"{path}[]")
        case msgspec.inspect.DictType():
            yield from _types(kind.value_type, f"{path}[]")
        case msgspec.inspect.Metadata():
            yield from _types(kind.type, path)
        case msgspec.inspect.UnionType():
            for each in kind.types:
                yield from _types(each, path)
        case _:
            pass


def _model_problems(collections: list[Collection]) -> Iterator[str]:
    """Yield names of models that API Gateway rejects: they must be alphanumeric and unique in an API."""
    names = [collection.model.__name__ for collection in collections]
    for collection in collections:
        name = collection.model.__name__
        if not (name.isascii() and name.isalnum()):
            yield f"{collection.name}: its model is called {name}; API Gateway allows only letters and digits"
        if names.count(name) > 1:
            yield f"{collection.name}: another collection's model is also called {name}"


def _response_problems(routes: Sequence[Route], names: Names, settings: StackSettings) -> Iterator[str]:
    try:
        settings.for_authorizer(names, routes)
    except ResponseTooLarge as error:
        yield str(error)


def _document_problems(routes: Sequence[Route], names: Names, settings: StackSettings) -> Iterator[str]:
    """Yield what API Gateway would reject in the document, and the quotas that the stack exceeds for certain.

    Quotas that the account may have had raised are only warnings.
    """
    document = GatewayDocument(
        title="check",
        routes=routes,
        functions={route.name: expected_invocation(names.resource(route.name)) for route in routes},
        authorizer=expected_invocation(names.resource(AUTHORIZER)),
        policy_cache=settings.authorizer.policy_cache,
        api=settings.api,
    )
    try:
        rendered = json.dumps(document.render())
    except ValueError as error:
        yield str(error)
        return
    for each in exceeded_quotas(routes, names, settings, rendered):
        if each.quota.is_adjustable:
            pulumi.log.warn(str(each))
        else:
            yield str(each)
