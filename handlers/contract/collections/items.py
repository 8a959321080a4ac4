"""Items: a name and a description."""

from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class Item(Model):
    """What a client may write of an item."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="What the item is called.")]
    description: Annotated[str, Meta(max_length=2000, description="Free text about the item.")] = ""


COLLECTION = Collection(
    name="items",
    model=Item,
    summary="Things with a name and a description.",
    example={"name": "Serverless Guide", "description": "A comprehensive tutorial"},
)
