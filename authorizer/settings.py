"""What the authorizer is told at deployment: its issuers and the API's routes, as data in its bundle."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ProfileName = Literal["rfc9068", "cognito", "generic"]

FILE_NAME = "settings.json"
"""The file's name inside the authorizer's package in its bundle."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An identity provider whose tokens are accepted.

    `name` is configured, never changes, and with the subject makes the owner of data. `url` is the exact `iss`.
    `key_url` is the JWKS document's address where discovery under `url` is not wanted. `leeway` (seconds) forgives
    clocks that differ.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    url: Annotated[str, Meta(pattern=r"^https?://[^\s?#]+$", max_length=512)]
    audiences: Annotated[tuple[str, ...], Meta(min_length=1)]
    algorithms: Annotated[tuple[Algorithm, ...], Meta(min_length=1)] = ("RS256", "ES256", "EdDSA")
    profile: ProfileName = "rfc9068"
    key_url: Annotated[str, Meta(pattern=r"^https?://[^\s?#]+$", max_length=512)] | None = None
    leeway: Annotated[int, Meta(ge=0, le=300)] = 30


class RouteScope(msgspec.Struct, frozen=True, kw_only=True):
    """A route as the authorizer sees it: its methods, its path template and the scope that allows it."""

    methods: tuple[str, ...]
    path: str
    scope: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is in the bundle's settings file."""

    project: str
    stack: str
    issuers: tuple[Issuer, ...]
    routes: tuple[RouteScope, ...]


def load(path: Path = Path(__file__).with_name(FILE_NAME)) -> Settings:
    """The settings of this bundle. Raises OSError or msgspec.DecodeError where they cannot be had."""
    return msgspec.json.decode(path.read_bytes(), type=Settings)


def dump(settings: Settings) -> bytes:
    """The settings as the bundle's file holds them: the same bytes for the same settings."""
    return msgspec.json.encode(settings, order="deterministic")
