"""Problems that would make a deployment fail halfway are found before it starts."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

import msgspec
import pulumi
import pytest

from handlers.contract import Collection, Model, Route, load_collections, routes
from infra.checks.deployable import CACHED_BY_ROUTE, NotDeployable, require_deployable
from infra.documents.schemas import model_schemas
from infra.naming import Names
from tests.unit.handlers.meetings import COLLECTION as MEETINGS
from tests.unit.infra.test_settings import ISSUER, load, texts

NAMES = Names("gatehouse", "test")


def collection(name: str = "orders", model: str = "Order", kind: Any = str, **more: Any) -> Collection:
    fields: list[Any] = [("note", str, ""), ("field", kind, msgspec.field(default=None))]
    created = cast("type[Model]", msgspec.defstruct(model, fields, bases=(Model,), kw_only=True))
    return Collection(name=name, model=created, example={}, **more)


def reasons(*collections: Collection, names: Names = NAMES, **settings: Any) -> str:
    with pytest.raises(NotDeployable) as caught:
        require_deployable(routes(collections), names, load("gatehouse", "test", texts(**settings)))
    return str(caught.value)


def test_the_shipped_contract_can_be_deployed() -> None:
    require_deployable(routes(load_collections()), NAMES, load("gatehouse", "test", texts()))


@pytest.mark.parametrize("kind", [str, int, bool, Decimal, dt.date, list[str]])
def test_types_of_fields_that_dynamodb_stores_exactly_can_be_deployed(kind: Any) -> None:
    require_deployable(routes([collection(kind=kind)]), NAMES, load("gatehouse", "test", texts()))


@pytest.mark.parametrize("kind", [float, list[float], float | None, dict[str, float], tuple[float, ...], set[float]])
def test_a_float_is_rejected_because_dynamodb_does_not_store_it_exactly(kind: Any) -> None:
    assert "decimal.Decimal" in reasons(collection(kind=kind))


def test_a_type_that_may_hold_a_float_is_rejected_too() -> None:
    assert "orders.field: must have a type that excludes floats" in reasons(collection(kind=Any))


@pytest.mark.parametrize("limit", [msgspec.Meta(min_length=1), msgspec.Meta(max_length=257)])
def test_a_filter_by_a_text_that_may_be_too_long_for_an_index_is_rejected(limit: msgspec.Meta) -> None:
    filtered = collection(kind=Annotated[str, limit], filters=("field",))
    assert "orders.field: must have a max_length of at most 256, because it is in the key" in reasons(filtered)


def test_a_filter_by_a_text_that_fits_in_an_index_can_be_deployed() -> None:
    filtered = collection(kind=Annotated[str, msgspec.Meta(max_length=256)], filters=("field",))
    require_deployable(routes([filtered]), NAMES, load("gatehouse", "test", texts()))


def test_two_routes_with_the_same_name_or_method_and_path_are_rejected() -> None:
    assert reasons(collection("orders"), collection("orders", "Other")).splitlines()[1:3] == [
        "  orders-list: the name orders-list is already that of another route, orders-list",
        "  orders-list: GET /orders is already that of another route, orders-list",
    ]
    (create,) = (route for route in routes([collection()]) if route.name == "orders-create")
    search = Route(create.collection, msgspec.structs.replace(create.operation, name="search", verb="read"))
    with pytest.raises(NotDeployable, match="orders-search: POST /orders is already that of another route, orders-cr"):
        require_deployable([create, search], NAMES, load("gatehouse", "test", texts()))


def test_a_type_that_api_gateways_models_do_not_support_is_rejected() -> None:
    assert "anyOf" in reasons(collection(kind=list[str] | str))


@pytest.mark.parametrize("kind", [str | None, dt.date | None, Literal["x"] | None])
def test_a_field_that_may_be_null_can_be_deployed(kind: Any) -> None:
    require_deployable(routes([collection(kind=kind)]), NAMES, load("gatehouse", "test", texts()))


def test_a_collection_with_every_kind_of_filter_and_range_can_be_deployed() -> None:
    require_deployable(routes([MEETINGS]), NAMES, load("gatehouse", "test", texts()))


def test_models_with_the_same_name_or_an_invalid_one_are_rejected() -> None:
    message = reasons(collection("orders"), collection("parcels"), collection("things", "Order_Line"))
    assert "orders: another collection's model is also called Order" in message
    assert "Order_Line; API Gateway allows only letters and digits" in message


def test_a_tenants_collection_needs_an_issuer_that_names_tenants() -> None:
    tenants = collection(partition="tenant")
    assert "issuer main has no tenantClaim" in reasons(tenants)
    settings = load("gatehouse", "test", texts(issuers=[{**ISSUER, "tenantClaim": "org"}]))
    require_deployable(routes([tenants]), NAMES, settings)


@pytest.mark.parametrize("stack", ["a.b", "production-eu-central-1-blue-customer-acme-green-and-more"])
def test_names_that_aws_rejects_are_reported(stack: str) -> None:
    assert stack in reasons(collection(), names=Names("gatehouse", stack))


def test_a_table_with_the_name_of_another_stacks_denylist_is_rejected() -> None:
    """`dev` and its branch `authorizer` would both have the table gatehouse-dev-authorizer-revocations."""
    branch = Names("gatehouse", "dev-authorizer", "authorizer")
    assert reasons(collection("revocations"), names=branch) == (
        "stack dev-authorizer cannot be deployed: 1 problem\n  gatehouse-dev-authorizer-revocations: the table of "
        "collection revocations would have the name of the denylist of the stack dev; use a stack whose name does not "
        "end in -authorizer"
    )
    settings = load("gatehouse", "test", texts())
    for names in (Names("gatehouse", "dev"), Names("gatehouse", "authorizer"), Names("gatehouse", "dev-pr-12")):
        require_deployable(routes([collection("revocations")]), names, settings)
    require_deployable(routes([collection("orders")]), branch, settings)


MANY = [collection(f"{letter}{other}things", f"{letter}{other}") for letter in "abcdef" for other in "abcdefgh"]


def deploy(*collections: Collection, **settings: Any) -> list[str]:
    """Check that the collections can be deployed, and return what the deployment says about it."""
    messages: list[str] = []
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(pulumi.log, "info", messages.append)
        require_deployable(routes(collections), NAMES, load("gatehouse", "test", texts(**settings)))
    return messages


class TestWhatPoliciesAreCachedBy:
    def test_a_policy_for_all_routes_that_is_too_large_is_rejected_with_a_hint(self) -> None:
        found = reasons(*MANY, authorizer={"cacheBy": "token"})
        assert "API Gateway allows 8000" in found
        assert found.endswith("use fewer collections or shorter names, or authorizer.cacheBy: route")

    def test_by_default_many_collections_have_a_policy_for_each_route_and_the_deployment_says_so(self) -> None:
        (message,) = deploy(*MANY)
        assert message == CACHED_BY_ROUTE

    @pytest.mark.parametrize(
        ("collections", "settings"),
        [
            (MANY[:5], {}),
            (MANY, {"cacheBy": "route"}),
            (MANY[:5], {"cacheBy": "route"}),
            (MANY[:5], {"cacheBy": "token"}),
        ],
    )
    def test_otherwise_it_says_nothing(self, collections: list[Collection], settings: dict[str, str]) -> None:
        assert deploy(*collections, authorizer=settings) == []


def test_decimals_are_described_as_the_numbers_they_are() -> None:
    schema = model_schemas([collection(kind=Decimal)])["Order"]["properties"]["field"]
    assert schema["type"] == "number"
    assert "format" not in schema
