"""Events: a name, a date and a place."""

import datetime as dt
from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class Event(Model):
    """What a client may write of an event."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="What the event is called.")]
    date: Annotated[dt.date, Meta(description="The day on which it takes place.")]
    location: Annotated[str, Meta(max_length=500, description="Where it takes place.")] = ""


COLLECTION = Collection(
    name="events",
    model=Event,
    summary="Things that happen on a day.",
    example={"name": "CDK Workshop", "date": "2026-06-15", "location": "Berlin"},
    filters=("date",),
)
