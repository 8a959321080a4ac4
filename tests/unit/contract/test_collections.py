"""Names, fields and options of collections."""

from typing import Any

import msgspec
import pytest

from handlers.contract import Collection, Model, load_collections, routes


class Order(Model):
    name: str


def collection(name: str = "orders", **more: Any) -> Collection:
    return Collection(**{"name": name, "model": Order, "example": {"name": "first"}, **more})


def test_the_shipped_collections_are_found() -> None:
    assert "items" in [each.name for each in load_collections()]


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
    with pytest.raises(msgspec.ValidationError):
        collection(example={"title": "first"})


def test_an_unknown_partition_is_rejected() -> None:
    with pytest.raises(ValueError, match="owner, tenant or shared"):
        collection(partition="everyone")


def test_every_filter_has_an_index_and_chosen_ids_have_one_by_creation() -> None:
    assert collection().indexes == {}
    assert collection(filters=("name",)).indexes == {"by_name": "by_name"}
    assert collection(filters=("name",), client_ids=True).indexes == {"by_name": "by_name", "by_created": "owner"}


def test_a_filter_must_not_have_the_name_of_the_index_by_creation() -> None:
    model = msgspec.defstruct("Model", [("created", str)], bases=(Model,))
    with pytest.raises(ValueError, match="by_created is taken"):
        collection(model=model, example={"created": "x"}, filters=("created",))


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
