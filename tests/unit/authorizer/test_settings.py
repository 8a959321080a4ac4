"""The settings: the constraints of their types, and the rules that types cannot express."""

import json
from typing import Any

import msgspec
import pytest

from authorizer import settings as bundle
from authorizer.errors import SettingsInvalid
from authorizer.settings import (
    DecisionCacheSettings,
    DeploymentSettings,
    Issuer,
    KeySettings,
    KeyUrl,
    RevocationSettings,
    SettingProblem,
    Url,
    problems_of,
)
from tests.unit.authorizer.provider import AUDIENCE, URL, issuer, settings


def problems(created: DeploymentSettings) -> list[SettingProblem]:
    return list(problems_of(created.issuers, created.keys, created.revocation))


def test_valid_settings_have_no_problems() -> None:
    assert problems(settings()) == []
    assert problems(settings(issuers=(issuer(), issuer(name="b", url="https://b.example.com")))) == []


@pytest.mark.parametrize(
    ("changes", "field", "requirement", "found"),
    [
        ({"issuers": ()}, "issuers", "must not be empty", []),
        (
            {"issuers": (issuer(), issuer(url="https://b.example.com"))},
            "issuers[1].name",
            "must not be the name of another issuer",
            "main",
        ),
        ({"issuers": (issuer(), issuer(name="b"))}, "issuers[1].url", "must not be the URL of another issuer", URL),
        (
            {"issuers": (issuer(clients=("a", "b\n")),)},
            "issuers[0].clients[1]",
            "must be printable and at most 255 bytes",
            "b\n",
        ),
        (
            {"issuers": (issuer(default_scopes=("items:read",)),)},
            "issuers[0].defaultScopes",
            "requires requiredClaims, because otherwise every token of the issuer would have these scopes",
            ["items:read"],
        ),
        (
            {"keys": KeySettings(max_age=600, stale_if_error=600)},
            "keys.staleIfError",
            "must be greater than maxAge, which is 600",
            600,
        ),
    ],
)
def test_a_problem_has_the_field_the_requirement_and_the_value(
    changes: dict[str, Any], field: str, requirement: str, found: object
) -> None:
    assert problems(settings(**changes)) == [(field, requirement, found)]


@pytest.mark.parametrize(
    ("fetch_timeout", "refresh_timeout", "timeout", "seconds"),
    [
        (4.5, 1, None, None),
        (4.6, 1, None, "9.2"),
        (2, 7, None, None),
        (2, 7.5, None, "9.5"),
        (4, 1, 1, None),
        (4, 1, 1.5, "9.5"),
        (2, 6, 1, None),
        (2, 6, 1.5, "9.5"),
    ],
)
def test_a_decision_does_not_wait_longer_than_the_gateway(
    fetch_timeout: float, refresh_timeout: float, timeout: float | None, seconds: str | None
) -> None:
    revocation = RevocationSettings() if timeout is None else RevocationSettings(enabled=True, timeout=timeout)
    names = "fetchTimeout and the greater of fetchTimeout and refreshTimeout"
    if timeout is not None:
        names = "fetchTimeout, the greater of fetchTimeout and refreshTimeout, and the revocation's timeout"
    requirement = f"must be less: {names} add up to {seconds} seconds, but must not exceed 9"
    keys = KeySettings(fetch_timeout=fetch_timeout, refresh_timeout=refresh_timeout)
    expected = [] if seconds is None else [("keys.fetchTimeout", requirement, fetch_timeout)]
    assert problems(settings(keys=keys, revocation=revocation)) == expected


def test_all_problems_are_reported_at_once() -> None:
    wrong = issuer(default_scopes=("x",), clients=("\n",))
    created = settings(issuers=(wrong, wrong), keys=KeySettings(max_age=9, stale_if_error=9))
    assert len(problems(created)) == 7
    with pytest.raises(SettingsInvalid) as caught:
        bundle.require_valid(created)
    assert str(caught.value).count("; ") == 6
    assert str(caught.value).startswith(
        "issuers[0].clients[0]: must be printable and at most 255 bytes (found '\\n'); "
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example.com",
        "https://idp.example.com:8443/tenant/v2.0/",
        "https://[2001:db8::1]/keys",
        "http://127.0.0.1:8080/pool",
        "http://localhost/keys",
        "http://[::1]:8080",
    ],
)
def test_secure_urls_are_accepted(url: str) -> None:
    assert msgspec.convert(url, Url) == url
    assert msgspec.convert(url + "?p=policy" if url.endswith("keys") else url, KeyUrl)


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com",
        "http://10.0.0.1/keys",
        "http://127.0.0.1.example.com",
        "https://user:password@idp.example.com",
        "https://idp.example.com/#fragment",
        "https://idp.example.com/\n",
        "https://idp.example.com\n",
        "https://idp.example.com:",
        "https://idp.example.com:port",
        "https://idp.example.com?a=b",
        " https://idp.example.com",
        "https://",
        "https:///keys",
        "ftp://idp.example.com",
        "https://idp.example.com/\u00e9",
    ],
)
def test_other_urls_are_rejected(url: str) -> None:
    for kind in (Url, KeyUrl):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(url, kind)


def test_patterns_are_valid_in_ecmascript() -> None:
    r"""JSON Schema uses ECMAScript's regular expressions, which have neither named groups nor `\Z`."""
    schema = json.dumps(msgspec.json.schema(DeploymentSettings))
    assert schema.count('"pattern"') == 3
    assert "(?P" not in schema
    assert "\\\\Z" not in schema


@pytest.mark.parametrize(
    "kind", [Issuer, KeySettings, DecisionCacheSettings, RevocationSettings], ids=lambda kind: kind.__name__
)
def test_every_field_has_a_description(kind: type[msgspec.Struct]) -> None:
    (schema,) = msgspec.json.schema_components([kind])[1].values()
    for name, field in schema["properties"].items():
        assert field.get("description", "").endswith("."), name


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Main"},
        {"name": "a|b"},
        {"name": ""},
        {"url": "idp.example.com"},
        {"url": URL + "?a=b"},
        {"audiences": []},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
        {"profile": "none"},
        {"leeway": 301},
        {"leeway": -1},
        {"maxLifetime": 10**9},
        {"unknown": 1},
        {"scopeSeparator": ""},
    ],
)
def test_values_that_are_not_allowed_are_rejected(changes: dict[str, Any]) -> None:
    valid = {"name": "main", "url": URL, "audiences": [AUDIENCE]}
    assert msgspec.convert(valid, Issuer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**valid, **changes}, Issuer)


def test_all_other_settings_have_defaults() -> None:
    raw = {
        "project": "p",
        "stack": "s",
        "issuers": [{"name": "main", "url": URL, "audiences": [AUDIENCE]}],
        "routes": [{"methods": ["GET"], "path": "/items", "scope": "items:read"}],
    }
    created = json.loads(bundle.dump(msgspec.convert(raw, DeploymentSettings)))
    assert created["issuers"][0] == {
        "name": "main",
        "url": URL,
        "audiences": [AUDIENCE],
        "algorithms": ["RS256", "ES256", "EdDSA"],
        "profile": "rfc9068",
        "keyUrl": None,
        "leeway": 30,
        "maxLifetime": 86_400,
        "scopeClaim": None,
        "scopePrefix": "",
        "scopeSeparator": ":",
        "defaultScopes": [],
        "requiredClaims": {},
        "clients": [],
        "tenantClaim": None,
    }
    assert created["keys"] == {
        "maxAge": 300,
        "staleIfError": 21_600,
        "cooldown": 30,
        "retryDelay": 5,
        "fetchTimeout": 3.0,
        "refreshTimeout": 1.0,
    }
    assert created["decisionCache"] == {"seconds": 300, "entries": 1000}
    assert (created["usage"], created["logDecisions"]) == (None, True)


def test_equal_settings_are_equal_bytes() -> None:
    one = issuer(required_claims={"a": ("x",), "b": ("y",)})
    other = issuer(required_claims={"b": ("y",), "a": ("x",)})
    assert bundle.dump(settings(issuers=(one,))) == bundle.dump(settings(issuers=(other,)))


@pytest.mark.parametrize(
    ("field", "accepted", "rejected"),
    [
        ("name", "x" * 32, "x" * 33),
        ("url", "https://" + "x" * 504, "https://" + "x" * 505),
        ("keyUrl", "https://" + "x" * 504, "https://" + "x" * 505),
        ("leeway", 0, -1),
        ("leeway", 300, 301),
        ("maxLifetime", 60, 59),
        ("maxLifetime", 604_800, 604_801),
        ("scopeClaim", "x" * 255, "x" * 256),
        ("scopeClaim", "x", ""),
        ("scopePrefix", "x" * 255, "x" * 256),
        ("scopeSeparator", "x" * 8, "x" * 9),
        ("scopeSeparator", "x", ""),
        ("audiences", ["x"], []),
        ("algorithms", ["EdDSA"], []),
    ],
)
def test_an_issuers_setting_is_accepted_up_to_its_limit(field: str, accepted: object, rejected: object) -> None:
    valid = {"name": "main", "url": URL, "audiences": [AUDIENCE]}
    assert msgspec.convert({**valid, field: accepted}, Issuer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**valid, field: rejected}, Issuer)


@pytest.mark.parametrize(
    ("kind", "field", "accepted", "rejected"),
    [
        *((KeySettings, field, 1, 0) for field in ("maxAge", "staleIfError", "cooldown", "retryDelay")),
        *((KeySettings, field, 604_800, 604_801) for field in ("maxAge", "staleIfError", "cooldown", "retryDelay")),
        *((KeySettings, field, 0.1, 0.09) for field in ("fetchTimeout", "refreshTimeout")),
        *((KeySettings, field, 8, 8.1) for field in ("fetchTimeout", "refreshTimeout")),
        (RevocationSettings, "timeout", 0.1, 0.09),
        (RevocationSettings, "timeout", 8, 8.1),
        (DecisionCacheSettings, "seconds", 0, -1),
        (DecisionCacheSettings, "seconds", 3600, 3601),
        (DecisionCacheSettings, "entries", 1, 0),
        (DecisionCacheSettings, "entries", 100_000, 100_001),
    ],
)
def test_a_time_or_size_is_accepted_up_to_its_limit(
    kind: type[msgspec.Struct], field: str, accepted: float, rejected: float
) -> None:
    assert msgspec.convert({field: accepted}, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: rejected}, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unknown": 1}, kind)
