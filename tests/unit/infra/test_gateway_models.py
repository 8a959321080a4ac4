"""API Gateway's models of bodies: they never reject what a handler accepts, and they do reject what they can."""

import json
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from msgspec import Meta

from handlers.contract import Collection, Invalid, load_collections, routes
from handlers.contract.collection import Model
from handlers.contract.operation import JSON, MERGE_PATCH
from handlers.errors import ProblemError
from handlers.http import Request
from handlers.representation import validated
from handlers.update import merge_patch
from infra.api.api_settings import ApiSettings
from infra.documents.gateway import GatewayDocument
from infra.documents.openapi import openapi_document


class Address(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An object inside an order."""

    city: Annotated[str, Meta(min_length=1, max_length=3)]
    code: Annotated[str, Meta(pattern=r"^[0-9]+\Z")] = "1"


class Order(Model):
    """A model with fields of all kinds that API Gateway's models support."""

    name: Annotated[str, Meta(min_length=1, max_length=3)]
    address: Address
    status: Literal["open", "done"] = "open"
    count: Annotated[int, Meta(ge=0, le=10)] = 0
    price: Decimal = Decimal(0)
    urgent: bool = False
    others: Annotated[list[Address], Meta(max_length=2)] = msgspec.field(default_factory=list)
    labels: dict[str, str] = msgspec.field(default_factory=dict)


STORED: dict[str, Any] = {"name": "a", "address": {"city": "b"}}
ORDERS = Collection(name="orders", model=Order, example=STORED)
COLLECTIONS = (*load_collections(), ORDERS)
ROUTES = routes(COLLECTIONS)


def document(api: ApiSettings) -> dict[str, Any]:
    functions = {route.name: "arn" for route in ROUTES}
    return GatewayDocument(
        title="t", routes=ROUTES, functions=functions, authorizer="a", policy_cache=0, api=api
    ).render()


DOCUMENT = document(ApiSettings(validate_bodies=True))


def model_of(path: str, method: str, media_type: str = JSON) -> Draft4Validator:
    """Return the validator of a method's bodies."""
    reference = DOCUMENT["paths"][path][method]["requestBody"]["content"][media_type]["schema"]
    return Draft4Validator({"allOf": [reference], "components": DOCUMENT["components"]})


def accepted(body: object, target: dict[str, Any] | None = None) -> bool:
    """Return whether the handler accepts a body: of a new order, or a patch of this one."""
    request = Request(method="", path="", headers={"content-type": JSON}, body=json.dumps(body).encode())
    try:
        parsed = request.json_object(JSON)
        validated(parsed if target is None else merge_patch(target, parsed), Order)
    except (ProblemError, Invalid):
        return False
    return True


texts = st.sampled_from(["", "a", "ab1", "12", "12\n", "abcd", "open", "done"])
anything = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 11), st.sampled_from([1.0, 0.5, 1e300]), texts, st.just([]), st.just({})
)  # fmt: skip


def objects(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with some of these fields, each with a value that may be valid, and perhaps an unknown one."""
    optional = {name: st.one_of(each, anything) for name, each in fields.items()}
    return st.fixed_dictionaries({}, optional={**optional, "other": anything})


addresses = objects(city=texts, code=texts)
orders = objects(
    name=texts, address=addresses, status=texts, count=st.integers(-1, 11), price=st.floats(-1, 5),
    urgent=st.booleans(), others=st.lists(addresses, max_size=3), labels=st.dictionaries(texts, anything, max_size=2),
)  # fmt: skip


@given(orders)
def test_no_body_that_the_handler_accepts_is_rejected(body: dict[str, Any]) -> None:
    assert not accepted(body) or not list(model_of("/orders", "post").iter_errors(body))


@given(orders.map(lambda changes: {**STORED, **changes}))
def test_no_nearly_valid_body_that_the_handler_accepts_is_rejected(body: dict[str, Any]) -> None:
    assert not accepted(body) or not list(model_of("/orders/{id}", "put").iter_errors(body))


@given(orders)
def test_no_patch_that_the_handler_accepts_is_rejected(patch: dict[str, Any]) -> None:
    assert not accepted(patch, STORED) or not list(model_of("/orders/{id}", "patch", MERGE_PATCH).iter_errors(patch))


@pytest.mark.parametrize(
    "patch",
    [
        {"name": 1}, {"name": "abcd"}, {"name": None}, {"count": 11}, {"count": "1"}, {"status": "lost"},
        {"address": {"city": 1}}, {"address": "Graz"}, {"others": [{}]}, {"others": {}}, [],
    ],
)  # fmt: skip
def test_invalid_patches_are_rejected(patch: Any) -> None:
    assert list(model_of("/orders/{id}", "patch", MERGE_PATCH).iter_errors(patch))
    assert not accepted(patch, STORED)


@pytest.mark.parametrize(
    "patch",
    [{}, {"status": None, "price": None, "others": None}, {"address": {"code": None}}, {"address": {"code": "2"}}],
)
def test_a_patch_may_leave_out_every_field_and_null_restores_a_default(patch: dict[str, Any]) -> None:
    assert not list(model_of("/orders/{id}", "patch", MERGE_PATCH).iter_errors(patch))
    assert accepted(patch, STORED)


def test_every_media_type_of_every_body_has_a_model() -> None:
    for route in ROUTES:
        body = DOCUMENT["paths"][route.path][route.operation.method.lower()].get("requestBody", {"content": {}})
        assert set(body["content"]) == set(route.operation.media_types)


def test_patches_have_models_only_where_bodies_are_validated() -> None:
    without = document(ApiSettings())
    assert "requestBody" not in without["paths"]["/items/{id}"]["patch"]
    assert not [name for name in without["components"]["schemas"] if name.endswith("Patch")]


def test_the_published_document_describes_patches_of_objects_inside_a_model() -> None:
    schemas = cast("dict[str, Any]", openapi_document("t", ROUTES)["components"]["schemas"])
    assert schemas["OrderPatch"]["properties"]["address"] == {"$ref": "#/components/schemas/AddressPatch"}
    assert "required" not in schemas["AddressPatch"]
