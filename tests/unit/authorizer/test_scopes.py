"""Scopes in all the ways in which issuers write them."""

from typing import Any

import pytest

from authorizer.scopes import ScopeRules
from tests.unit.authorizer.provider import Harness, issuer, token


def scope(claims: dict[str, Any], **by: Any) -> str:
    return Harness(issuers=(issuer(**by),)).decide(token(**claims))["context"]["scope"]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("items:read", "items:read"),
        ("users:read items:read", "items:read users:read"),
        ("openid items:read profile", "items:read"),
        ("items:read items:read", "items:read"),
        (" items:read  ", "items:read"),
        (["items:write", "x"], "items:write"),
        ("items:read,users:read", ""),
        ("items:read\tusers:read", ""),
        ("ITEMS:READ", ""),
        ("items:*", ""),
        ("items", ""),
        ("", ""),
        ([], ""),
        (["items:read users:read"], ""),
    ],
)
def test_the_scopes_that_the_api_knows_are_told_in_order(raw: Any, told: str) -> None:
    assert scope({"scope": raw}) == told


@pytest.mark.parametrize("claim", ["scp", "permissions", "cognito:groups", "https://example.com/scopes"])
def test_another_claim_may_hold_them(claim: str) -> None:
    assert scope({"scope": "users:read", claim: ["items:read"]}, scope_claim=claim) == "items:read"
    assert scope({"scope": "users:read", claim: "items:write"}, scope_claim=claim) == "items:write"
    assert scope({"scope": "users:read"}, scope_claim=claim) == ""


def test_a_prefix_is_stripped_and_what_lacks_it_is_anothers() -> None:
    raw = "https://api.example.com/items:read users:read https://other.example.com/orders:read"
    assert scope({"scope": raw}, scope_prefix="https://api.example.com/") == "items:read"


def test_what_is_anothers_is_nothing_that_this_api_could_know() -> None:
    """Whatever an API calls its scopes, a scope without the prefix or with a colon of its own is none of them."""
    rules = ScopeRules(issuer(scope_prefix="a/", scope_separator="."), frozenset({"", "XXXX", "items:read"}))
    assert rules.granted({"scope": "b/items.read a/items:read"}) == ("",)
    assert rules.granted({"scope": "a/items.read"}) == ("items:read",)


def test_a_separator_is_read_as_a_colon() -> None:
    raw = "https://api.example.com/items.read https://api.example.com/users:read"
    assert scope({"scope": raw}, scope_prefix="https://api.example.com/", scope_separator=".") == "items:read"


class TestDefaultScopes:
    by: dict[str, Any] = {  # noqa: RUF012 -- settings, not state
        "profile": "generic",
        "default_scopes": ("items:read", "unknown:read"),
        "required_claims": {"kind": ("access", "service")},
    }

    def test_are_for_tokens_without_a_scope_claim(self) -> None:
        assert scope({"scope": ..., "kind": "service"}, **self.by) == "items:read"

    @pytest.mark.parametrize("raw", ["", [], "users:read"])
    def test_are_not_for_tokens_with_one(self, raw: Any) -> None:
        assert "items:read" not in scope({"scope": raw, "kind": "access"}, **self.by)

    def test_are_not_there_by_default(self) -> None:
        assert scope({"scope": ...}) == ""
