"""Names, fields and options of collections."""

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest

from handlers.contract import Collection, Model, load_collections, routes
from infra.packaging.bundles import ROOT


class Order(Model):
    name: str


def collection(name: str = "orders", **more: Any) -> Collection:
    return Collection(**{"name": name, "model": Order, "example": {"name": "first"}, **more})


def indexes(found: Collection) -> dict[str, tuple[str, str]]:
    """Return the keys of a collection's indexes by their names."""
    return {index.name: (index.partition_key, index.order) for index in found.indexes}


def two_fields(*names: str, **options: Any) -> Collection:
    """Return a collection with the fields `where` and `when`, or with these."""
    fields = [(name, str, "") for name in names or ("where", "when")]
    return collection(model=msgspec.defstruct("Model", fields, bases=(Model,)), example={}, **options)


def test_every_module_is_a_collection() -> None:
    modules = (ROOT / "handlers" / "contract" / "collections").glob("*.py")
    assert len(load_collections()) == len({each.stem for each in modules} - {"__init__"}) > 0


@pytest.mark.parametrize("name", ["", "Orders", "or-ders", "9orders", "orders/all", "o" * 31, "ping", "sping"])
def test_a_name_that_does_not_work_in_a_path_or_scope_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="collection name"):
        collection(name)


@pytest.mark.parametrize("field", ["id", "owner", "created_at", "updated_at", "revision"])
def test_a_model_must_not_have_a_field_that_the_api_sets(field: str) -> None:
    model = msgspec.defstruct("Model", [(field, str)], bases=(Model,))
    with pytest.raises(ValueError, match=field):
        collection(model=model, example={field: "x"})


def test_an_example_that_does_not_match_its_model_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"collection 'orders': the example does not match: .*`title`"):
        collection(example={"title": "first"})


def test_a_limit_that_msgspec_does_not_support_names_the_collection() -> None:
    kind = Annotated[Decimal, msgspec.Meta(ge=0)]
    model = msgspec.defstruct("Model", [("price", kind)], bases=(Model,))
    with pytest.raises(ValueError, match=r"collection 'orders': .*Can only set `ge` on a numeric type"):
        collection(model=model, example={"price": 1})


def test_an_unknown_partition_is_rejected() -> None:
    with pytest.raises(ValueError, match="owner, tenant or shared"):
        collection(partition="everyone")


def test_every_filter_has_an_index_and_chosen_ids_have_one_by_creation() -> None:
    assert collection().indexes == ()
    assert indexes(collection(filters=("name",))) == {"by_name": ("by_name", "created_at")}
    assert indexes(collection(filters=("name",), client_ids=True)) == {
        "by_name": ("by_name", "created_at"),
        "by_created": ("owner", "created_at"),
    }


def test_a_filter_must_not_have_the_name_of_the_index_by_creation() -> None:
    model = msgspec.defstruct("Model", [("created", str)], bases=(Model,))
    with pytest.raises(ValueError, match="by_created is taken"):
        collection(model=model, example={"created": "x"}, filters=("created",), client_ids=True)


def test_every_range_has_an_index_whose_sort_key_is_the_field() -> None:
    assert indexes(two_fields(ranges=("when",))) == {"when_range": ("owner", "when")}
    found = indexes(two_fields(filters=("where",), ranges=("when", "where+when")))
    assert found == {
        "by_where": ("by_where", "created_at"),
        "when_range": ("owner", "when"),
        "by_where_when_range": ("by_where", "when"),
    }


def test_several_fields_of_a_filter_have_one_index_in_any_order() -> None:
    assert indexes(two_fields(filters=("where+when",))) == {"by_when_where": ("by_when_where", "created_at")}
    with pytest.raises(ValueError, match="the index by_when_where is taken"):
        two_fields(filters=("where+when", "when+where"))


def test_a_range_adds_its_ends_and_its_orders_to_the_list() -> None:
    found = two_fields(filters=("where",), ranges=("where+when",))
    assert found.list_parameters == ("limit", "cursor", "order", "where", "when_from", "when_to")
    assert found.orders == ("newest", "oldest", "when", "-when")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranges": ("size",)}, "range 'size' must be one of: where, when"),
        ({"ranges": ("size+when",)}, "filter 'size' must be one of: where, when"),
        ({"ranges": ("where+",)}, "range '' must be one of"),
        ({"ranges": ("when", "when")}, "the index when_range is taken"),
        ({"ranges": ("when+when",)}, "the field when is taken"),
        ({"filters": ("when+when",)}, "the field when is taken"),
        ({"ranges": ("when",), "id_parameter": "when_from"}, "the query parameter when_from is taken"),
    ],
)
def test_filters_and_ranges_that_cannot_be_requested_are_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        two_fields(**options)


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        (["when", "when_to"], {"filters": ("when_to",), "ranges": ("when",)}, "the query parameter when_to is taken"),
        (["newest"], {"ranges": ("newest",)}, "the order newest is taken"),
        (["limit"], {"ranges": ("limit",)}, "range 'limit' must be one of"),
        (["a", "by_a"], {"filters": ("a",)}, "the attribute by_a is taken"),
    ],
)
def test_fields_whose_parameters_or_attributes_have_the_same_name_are_rejected(
    fields: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        two_fields(*fields, **options)


def test_routes_are_every_collection_crossed_with_every_operation() -> None:
    found = {(route.operation.method, route.path): (route.name, route.scope) for route in routes([collection()])}
    assert found == {
        ("GET", "/orders"): ("orders-list", "orders:read"),
        ("POST", "/orders"): ("orders-create", "orders:write"),
        ("GET", "/orders/{id}"): ("orders-read", "orders:read"),
        ("PUT", "/orders/{id}"): ("orders-replace", "orders:write"),
        ("PATCH", "/orders/{id}"): ("orders-update", "orders:write"),
        ("DELETE", "/orders/{id}"): ("orders-delete", "orders:write"),
    }
