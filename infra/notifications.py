"""Who is notified of an alarm: the subscribers of an encrypted SNS topic."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError

Protocol = Literal["email", "https", "sms", "sqs", "lambda"]

ENDPOINTS = {
    "email": (r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an email address"),
    "https": (r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", "an https URL without credentials"),
    "sms": (r"\+[1-9][0-9]{6,14}", "a phone number such as +15550100123 (E.164)"),
    "sqs": (r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}", "the ARN of a queue that is not FIFO"),
    "lambda": (r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]+)?",
               "the ARN of a function"),
}  # fmt: skip
"""What SNS accepts as the endpoint of each protocol, without plain http."""

TopicArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?![\s\S])",
        extra={REQUIREMENT: "the ARN of an SNS topic that is not FIFO"},
    ),
]


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscriber of the topic."""

    protocol: Annotated[Protocol, Meta(description="How a message is delivered.")]
    endpoint: Annotated[
        str, Meta(description="An email address, an https URL, a phone number, or the ARN of a queue or function.")
    ]

    def problems(self, key: str) -> Iterator[FieldError]:
        """Yield an endpoint that does not fit its protocol."""
        pattern, requirement = ENDPOINTS.get(self.protocol, ("", ""))
        if pattern and not re.fullmatch(pattern, self.endpoint):
            yield FieldError(f"{key}.endpoint", f"must be {requirement}", self.endpoint)
