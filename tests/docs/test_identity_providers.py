"""Tokens of the shape that common identity providers document, for the documented settings of each."""

from typing import Any

import msgspec
import pytest
import yaml

from authorizer.settings import Issuer
from tests.docs.pages import blocks
from tests.unit.authorizer import provider
from tests.unit.authorizer.provider import NOW

PAGE = "identity-providers.md"

RFC9068: dict[str, Any] = {"typ": "at+jwt"}
JWT: dict[str, Any] = {"typ": "JWT"}
UNTYPED: dict[str, Any] = {"typ": ...}

TOKENS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "auth0": (
        RFC9068,
        {"sub": "auth0|6553da60", "client_id": "K1AUPhZq8mRi0Q0p", "scope": "openid profile items:read",
         "aud": ["https://api.example.com", "https://example.eu.auth0.com/userinfo"]},
        "auth0|6553da60", "K1AUPhZq8mRi0Q0p",
    ),
    "okta": (
        UNTYPED,
        {"ver": 1, "sub": "00u1abcd", "uid": "00u1abcd", "cid": "0oa1efgh", "client_id": ..., "scope": ...,
         "scp": ["openid", "items:read"], "aud": "api://default", "jti": "AT.MNAoEQ", "auth_time": NOW - 20},
        "00u1abcd", "0oa1efgh",
    ),
    "entra": (
        {**JWT, "x5t": "RS256"},
        {"ver": "2.0", "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "azp": "client-of-entra", "azpacr": "1",
         "scp": "items.read", "scope": ..., "client_id": ..., "jti": ..., "uti": "u", "nbf": NOW - 10,
         "tid": "11111111-2222-3333-4444-555555555555", "aud": "66666666-7777-8888-9999-000000000000"},
        "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "client-of-entra",
    ),
    "keycloak": (
        JWT,
        {"sub": "f1c4f64e-2c0c-4cda-8c9f-9f3f8f3a2b0e", "typ": "Bearer", "azp": "web", "client_id": ...,
         "scope": "profile items:read", "aud": ["https://api.example.com", "account"], "acr": "1",
         "realm_access": {"roles": ["default-roles-example"]}},
        "f1c4f64e-2c0c-4cda-8c9f-9f3f8f3a2b0e", "web",
    ),
    "people": (
        UNTYPED,
        {"sub": "aaaaaaaa-bbbb", "client_id": "1example23456789", "aud": ..., "token_use": "access", "version": 2,
         "username": "ann", "scope": "gatehouse/items.read"},
        "aaaaaaaa-bbbb", "1example23456789",
    ),
}  # fmt: skip
"""By the issuer's name: the header and the claims of a token, and the subject and the client that it names."""


def documented() -> dict[str, Issuer]:
    found = [yaml.safe_load(block.text)["gatehouse:issuers"] for block in blocks("yaml") if block.page.name == PAGE]
    return {each["name"]: msgspec.convert(each, Issuer) for issuers in found for each in issuers}


def context_of(issuer: Issuer, header: dict[str, Any], claims: dict[str, Any], **key: Any) -> dict[str, Any]:
    """Return the context of the authorizer's answer to a token."""
    key_url = issuer.url.rstrip("/") + "/keys"
    documents = {
        issuer.url.rstrip("/") + "/.well-known/openid-configuration": msgspec.json.encode(
            {"issuer": issuer.url, "jwks_uri": key_url}
        ),
        key_url: provider.jwks(provider.jwk("RS256", **key)),
    }
    made = provider.authorizer(
        provider.settings(issuers=(issuer,)), lambda url, _timeout: documents[url], provider.ManualClock().as_clock()
    )
    token = provider.token(header=header, **{"iss": issuer.url, **claims})
    return made(provider.event(token), None)["context"]


def test_every_provider_is_covered() -> None:
    assert documented().keys() == TOKENS.keys()


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_accepted_and_its_scope_is_read(name: str) -> None:
    header, claims, subject, client = TOKENS[name]
    context = context_of(documented()[name], header, claims)
    assert (context["subject"], context["client"], context["scope"]) == (subject, client, "items:read")


def test_entras_keys_which_name_no_algorithm_are_used() -> None:
    header, claims, subject, _ = TOKENS["entra"]
    assert context_of(documented()["entra"], header, claims, alg=...)["subject"] == subject


@pytest.mark.parametrize(
    ("name", "claim"),
    [(name, claim) for name in TOKENS for claim in ("iss", "client_id" if name == "people" else "aud")],
)
def test_a_token_of_another_issuer_or_for_another_audience_is_rejected(name: str, claim: str) -> None:
    header, claims, *_ = TOKENS[name]
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        context_of(documented()[name], header, {**claims, claim: "https://other.example.com"})
