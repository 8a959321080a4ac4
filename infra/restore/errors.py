"""Errors of restores, and how errors of AWS are reported."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class RestoreError(Exception):
    """A table was not restored, or not completely; the message says why."""


@contextmanager
def aws_errors() -> Generator[None]:
    """Convert errors of AWS to RestoreError. That of a missing permission names the action."""
    try:
        yield
    except ClientError as error:
        raise RestoreError(_text(error)) from None
    except BotoCoreError as error:
        raise RestoreError(str(error)) from None


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _text(error: ClientError) -> str:
    code, message = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    if code not in DENIED:
        return f"{error.operation_name}: {code}: {message}"
    # IAM names the action that is missing, which may differ from the operation.
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", message)
    return f"permission {named[1] if named else f'for {error.operation_name}'} is missing: {message}"
