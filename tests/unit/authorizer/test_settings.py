"""The settings: what their types cannot say is wrong with them."""

import json
from typing import Any

import msgspec
import pytest

from authorizer import settings as bundle
from authorizer.settings import DecisionCache, Issuer, KeyTimes, Revocation, Settings, problems
from tests.unit.authorizer.provider import AUDIENCE, URL, issuer, settings


def test_sound_settings_have_no_problem() -> None:
    assert problems(settings()) == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"issuers": ()}, "there is no issuer"),
        ({"issuers": (issuer(), issuer(url="https://b.example.com"))}, "issuer name 'main' is used twice"),
        ({"issuers": (issuer(), issuer(name="b"))}, f"issuer url {URL!r} is used twice"),
        (
            {"issuers": (issuer(url="http://idp.example.com"),)},
            "issuer 'main': url 'http://idp.example.com', allowed is https, or http to a loopback address",
        ),
        (
            {"issuers": (issuer(key_url="http://10.0.0.1/keys"),)},
            "issuer 'main': keyUrl 'http://10.0.0.1/keys', allowed is https, or http to a loopback address",
        ),
        (
            {"issuers": (issuer(default_scopes=("items:read",)),)},
            "issuer 'main': defaultScopes need requiredClaims, or any token would gain them",
        ),
        ({"keys": KeyTimes(refresh=600, limit=600)}, "refresh (600 s) is not less than limit (600 s)"),
    ],
)
def test_a_problem_is_one_plain_sentence(changes: dict[str, Any], problem: str) -> None:
    assert problems(settings(**changes)) == (problem,)


WAITING = (
    "deadline, the larger of deadline and patience{more} are {seconds} s together; allowed are 9, API Gateway waits ten"
)


@pytest.mark.parametrize(
    ("deadline", "patience", "timeout", "seconds"),
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
def test_a_decision_may_not_wait_longer_than_the_gateway(
    deadline: float, patience: float, timeout: float | None, seconds: str | None
) -> None:
    revocation = Revocation() if timeout is None else Revocation(enabled=True, timeout=timeout)
    more = "" if timeout is None else " and the timeout of the revocation"
    made = settings(keys=KeyTimes(deadline=deadline, patience=patience), revocation=revocation)
    assert problems(made) == (() if seconds is None else (WAITING.format(seconds=seconds, more=more),))


def test_all_problems_are_told_at_once() -> None:
    broken = issuer(url="http://a.example.com", key_url="http://b.example.com", default_scopes=("x",))
    assert len(problems(settings(issuers=(broken, broken)))) == 8


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example.com",
        "https://idp.example.com:8443/tenant/v2.0/",
        "https://[2001:db8::1]/keys",
        "http://127.0.0.1:8080/pool",
        "http://localhost/keys",
        "http://[::1]:8080",
        "https://tenant.b2clogin.com/keys?p=policy",
    ],
)
def test_secure_urls_are_accepted(url: str) -> None:
    assert bundle.SECURE_URL.fullmatch(url)


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
def test_values_that_are_not_allowed_are_refused(changes: dict[str, Any]) -> None:
    sound = {"name": "main", "url": URL, "audiences": [AUDIENCE]}
    assert msgspec.convert(sound, Issuer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**sound, **changes}, Issuer)


def test_settings_need_no_more_than_issuers_and_routes() -> None:
    raw = {
        "project": "p",
        "stack": "s",
        "issuers": [{"name": "main", "url": URL, "audiences": [AUDIENCE]}],
        "routes": [{"methods": ["GET"], "path": "/items", "scope": "items:read"}],
    }
    made = json.loads(bundle.dump(msgspec.convert(raw, Settings)))
    assert made["issuers"][0] == {
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
    assert made["keys"] == {
        "refresh": 300,
        "limit": 21_600,
        "cooldown": 30,
        "retry": 5,
        "deadline": 3.0,
        "patience": 1.0,
    }
    assert made["decisions"] == {"seconds": 300, "entries": 1000}
    assert (made["usage"], made["log_decisions"]) == (None, True)


def test_the_same_settings_are_the_same_bytes() -> None:
    one = issuer(required_claims={"a": ("x",), "b": ("y",)})
    other = issuer(required_claims={"b": ("y",), "a": ("x",)})
    assert bundle.dump(settings(issuers=(one,))) == bundle.dump(settings(issuers=(other,)))


@pytest.mark.parametrize(
    ("field", "accepted", "refused"),
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
def test_an_issuers_limits(field: str, accepted: object, refused: object) -> None:
    sound = {"name": "main", "url": URL, "audiences": [AUDIENCE]}
    assert msgspec.convert({**sound, field: accepted}, Issuer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**sound, field: refused}, Issuer)


@pytest.mark.parametrize(
    ("kind", "field", "accepted", "refused"),
    [
        *((KeyTimes, field, 1, 0) for field in ("refresh", "limit", "cooldown", "retry")),
        *((KeyTimes, field, 604_800, 604_801) for field in ("refresh", "limit", "cooldown", "retry")),
        *((KeyTimes, field, 0.1, 0.09) for field in ("deadline", "patience")),
        *((KeyTimes, field, 8, 8.1) for field in ("deadline", "patience")),
        (Revocation, "timeout", 0.1, 0.09),
        (Revocation, "timeout", 8, 8.1),
        (DecisionCache, "seconds", 0, -1),
        (DecisionCache, "seconds", 3600, 3601),
        (DecisionCache, "entries", 1, 0),
        (DecisionCache, "entries", 100_000, 100_001),
    ],
)
def test_the_limits_of_times_and_sizes(kind: type[msgspec.Struct], field: str, accepted: float, refused: float) -> None:
    assert msgspec.convert({field: accepted}, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: refused}, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unknown": 1}, kind)
