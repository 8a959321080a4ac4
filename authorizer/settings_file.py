"""The settings file of a bundle, which can be read before the settings' types are imported."""

import json

FILE_NAME = "settings.json"
"""The file's name inside the authorizer's package."""


def read() -> bytes:
    """The file's bytes. Raises OSError."""
    # Importing pathlib would take a cold start longer than reading the file.
    with open(__file__.rpartition("/")[0] + "/" + FILE_NAME, "rb") as file:  # noqa: PTH123
        return file.read()


def keys_come_over_https() -> bool:
    """Whether an issuer's documents are fetched over https; False for a file that is missing or malformed."""
    try:
        issuers = json.loads(read())["issuers"]
        return any((issuer.get("keyUrl") or issuer["url"]).startswith("https:") for issuer in issuers)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
