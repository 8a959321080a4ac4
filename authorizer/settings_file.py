"""The settings file of a bundle, which can be read before the types of the settings are imported."""

import json
import os

FILE_NAME = "settings.json"
"""The file's name inside the authorizer's package."""

USER_POOL = "USER_POOL"
"""The environment variable that describes the stack's user pool, which is known only after a deployment."""


def read() -> bytes:
    """Return the file's bytes. Raises OSError."""
    # Importing pathlib would take longer than reading the file.
    with open(__file__.rpartition("/")[0] + "/" + FILE_NAME, "rb") as file:  # noqa: PTH123
        return file.read()


def fetches_over_https() -> bool:
    """Return whether any issuer's keys are fetched over https; False if the file is missing or malformed."""
    try:
        settings = json.loads(read())
        urls = [issuer.get("keyUrl") or issuer["url"] for issuer in settings["issuers"]]
        return any(url.startswith("https:") for url in urls) or USER_POOL in os.environ
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
