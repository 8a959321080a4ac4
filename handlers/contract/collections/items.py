"""Items: a name and a description."""

from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class Item(Model):
    """The fields of an item that a client may write."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="The item's name.")]
    description: Annotated[str, Meta(max_length=2000, description="The item's description.")] = ""


COLLECTION = Collection(
    name="items",
    model=Item,
    summary="Items with a name and a description.",
    example={"name": "Serverless Guide", "description": "A comprehensive tutorial"},
)
