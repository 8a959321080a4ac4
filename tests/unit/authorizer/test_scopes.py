"""Scopes in the formats of different issuers."""

from typing import Any

import pytest

from authorizer.scopes import ScopeRules
from tests.unit.authorizer.provider import Harness, issuer, token


def scope(claims: dict[str, Any], **by: Any) -> str:
    return Harness(issuers=(issuer(**by),)).decide(token(**claims))["context"]["scope"]


@pytest.mark.parametrize(
    ("raw", "expected"),
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
def test_the_context_contains_the_apis_scopes_in_order(raw: Any, expected: str) -> None:
    assert scope({"scope": raw}) == expected


@pytest.mark.parametrize("claim", ["scp", "permissions", "cognito:groups", "https://example.com/scopes"])
def test_the_scope_claim_is_configurable(claim: str) -> None:
    assert scope({"scope": "users:read", claim: ["items:read"]}, scope_claim=claim) == "items:read"
    assert scope({"scope": "users:read", claim: "items:write"}, scope_claim=claim) == "items:write"
    assert scope({"scope": "users:read"}, scope_claim=claim) == ""


def test_the_prefix_is_removed_and_scopes_without_it_are_ignored() -> None:
    raw = "https://api.example.com/items:read users:read https://other.example.com/orders:read"
    assert scope({"scope": raw}, scope_prefix="https://api.example.com/") == "items:read"


def test_a_scope_of_another_api_never_becomes_one_of_this_api() -> None:
    """A scope without the prefix, or with a colon before the separator is replaced, is ignored for any scope names."""
    rules = ScopeRules(issuer(scope_prefix="a/", scope_separator="."), frozenset({"", "XXXX", "items:read"}))
    assert rules.granted({"scope": "b/items.read a/items:read"}) == ("",)
    assert rules.granted({"scope": "a/items.read"}) == ("items:read",)


def test_the_separator_is_replaced_by_a_colon() -> None:
    raw = "https://api.example.com/items.read https://api.example.com/users:read"
    assert scope({"scope": raw}, scope_prefix="https://api.example.com/", scope_separator=".") == "items:read"


class TestDefaultScopes:
    by: dict[str, Any] = {  # noqa: RUF012 -- settings, not state
        "profile": "generic",
        "default_scopes": ("items:read", "unknown:read"),
        "required_claims": {"kind": ("access", "service")},
    }

    def test_tokens_without_a_scope_claim_have_them(self) -> None:
        assert scope({"scope": ..., "kind": "service"}, **self.by) == "items:read"

    @pytest.mark.parametrize("raw", ["", [], "users:read"])
    def test_tokens_with_a_scope_claim_do_not_have_them(self, raw: Any) -> None:
        assert "items:read" not in scope({"scope": raw, "kind": "access"}, **self.by)

    def test_there_are_none_by_default(self) -> None:
        assert scope({"scope": ...}) == ""
