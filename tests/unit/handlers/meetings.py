"""A collection with every kind of filter and range, for tests."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from handlers.contract.collection import Collection, Model


class Meeting(Model):
    """The fields of a meeting."""

    name: str = ""
    room: Annotated[str, Meta(max_length=100)] = ""
    kind: Literal["call", "visit"] | None = "call"
    fee: Decimal = Decimal(0)
    starts_at: Annotated[dt.datetime, Meta(tz=True)] = dt.datetime(2026, 6, 15, tzinfo=dt.UTC)
    ends_on: dt.date | None = None
    seats: int = 0
    price: Decimal | UnsetType = UNSET
    code: Annotated[str, Meta(min_length=1, max_length=256)] = "a"
    series: UUID | None = None


COLLECTION = Collection(
    name="meetings",
    model=Meeting,
    example={},
    client_ids=True,
    id_parameter="meetingId",
    filters=("room", "kind+room", "fee"),
    ranges=("starts_at", "room+starts_at", "ends_on", "room+kind+ends_on", "seats", "price", "code", "series"),
)
