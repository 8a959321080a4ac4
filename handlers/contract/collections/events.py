"""Events: a name, a date and a location."""

import datetime as dt
from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class Event(Model):
    """The fields of an event that a client may write."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="The event's name.")]
    date: Annotated[dt.date, Meta(description="The day of the event.")]
    location: Annotated[str, Meta(max_length=500, description="The place of the event.")] = ""


COLLECTION = Collection(
    name="events",
    model=Event,
    summary="Events, each on one day.",
    example={"name": "CDK Workshop", "date": "2026-06-15", "location": "Berlin"},
    filters=("date",),
    ranges=("date",),
)
