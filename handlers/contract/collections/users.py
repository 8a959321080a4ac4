"""Users: a name and an email address, with an id that the client may choose."""

from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model
from handlers.contract.validation import REQUIREMENT

PART = r"[^@\s\x00-\x1f\x7f-\x9f\ufeff]+"
ADDRESS = rf"^({PART}@{PART})?$(?!\n)"
"""One `@` between texts without white space, or nothing. It matches the same texts in Python and ECMAScript."""


class User(Model):
    """The fields of a user that a client may write."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="The user's name.")]
    email: Annotated[
        str,
        Meta(
            max_length=254,
            pattern=ADDRESS,
            description="The user's email address.",
            extra={REQUIREMENT: "an email address"},
        ),
    ] = ""


COLLECTION = Collection(
    name="users",
    model=User,
    summary="Users with a name and an email address.",
    example={"name": "Jane Doe", "email": "jane.doe@example.com"},
    client_ids=True,
    id_parameter="userId",
    filters=("email",),
)
