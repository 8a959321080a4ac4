"""The policy's format; tests/security evaluates it with an independent IAM evaluator."""

from typing import Any

import pytest

from authorizer import policy, resource_patterns
from authorizer.event import Stage
from authorizer.policy import ENCODINGS, Policies
from authorizer.settings import PolicyEncoding, RouteScope
from tests.unit.authorizer.provider import NOW, STAGE, Harness, allowed, routes, token

STAGE_OF_TEST = Stage.of("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")


def resources(scope: str) -> list[str]:
    return allowed(Harness().decide(token(scope=scope)))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("items:read", ["GET/items*", "HEAD/items*"]),
        ("items:write", ["PUT/items/*", "POST/items", "PATCH/items/*", "DELETE/items/*"]),
        ("items:read items:write", ["???/items*", "????/items*", "PATCH/items/*", "DELETE/items/*"]),
        ("items:read orders:read", ["GET/items*", "HEAD/items*", "GET/orders*", "HEAD/orders*"]),
    ],
)
def test_a_collection_has_few_patterns(scope: str, expected: list[str]) -> None:
    assert resources(scope) == expected


def test_the_policy_does_not_depend_on_the_request() -> None:
    harness = Harness(decision_cache=Harness().authorizer._settings.decision_cache)
    assert harness.decide(token(), "GET/items") == Harness().decide(token(), "DELETE/orders/1")


def test_each_allow_expires_a_minute_after_the_token() -> None:
    output = Harness().decide(token(exp=NOW + 3600))
    assert output["policyDocument"]["Version"] == "2012-10-17"
    (statement,) = output["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2027-01-15T09:01:30Z"}}
    assert output["context"]["expires"] == NOW + 3630


@pytest.mark.parametrize("scope", ["", "openid", "unknown:read"])
def test_without_a_scope_everything_is_denied(scope: str) -> None:
    output = Harness().decide(token(scope=scope))
    assert output["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [STAGE + "*"]}],
    }
    assert output["context"]["error"] == "insufficient_scope"


def test_times_are_formatted_as_rfc_3339() -> None:
    assert policy.rfc3339(0) == "1970-01-01T00:00:00Z"
    assert policy.rfc3339(NOW) == "2027-01-15T08:00:00Z"


class TestEncodings:
    PREFIX = "arn:aws:execute-api:eu-central-1:000000000000:aaaaaaaaaa/prod/"

    def statements(self, encoding: PolicyEncoding) -> list[dict[str, Any]]:
        stage = Stage.of("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
        return Policies(routes("items"), encoding).document(stage, ("items:read", "items:write"), NOW)["Statement"]

    def test_the_settings_choose_the_encoding(self) -> None:
        output = Harness(policy_encoding="compact").decide(token())
        assert [each["Effect"] for each in output["policyDocument"]["Statement"]] == ["Allow", "Deny"]

    def test_by_default_methods_and_region_are_written_in_full(self) -> None:
        (allow,) = self.statements("methods")
        assert len(allow["Resource"]) == 4
        assert all(each.startswith("arn:aws:execute-api:eu-central-1:") for each in allow["Resource"])

    def test_the_compact_encoding_denies_deeper_paths_and_expires(self) -> None:
        allow, deny = self.statements("compact")
        assert len(allow["Resource"]) == 3
        assert "Condition" in allow
        assert deny == {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [f"{self.PREFIX}*/*/*/*"]}

    def test_the_shortest_encoding_has_a_wildcard_for_the_region(self) -> None:
        allow, deny = self.statements("compact-any-region")
        resources = [*allow["Resource"], *deny["Resource"]]
        assert all(each.startswith("arn:aws:execute-api:*:*:aaaaaaaaaa/prod/") for each in resources)


def route(path: str, *methods: str, scope: str = "a:read") -> RouteScope:
    return RouteScope(methods=methods or ("GET",), path=path, scope=scope)


class TestRoutes:
    @pytest.mark.parametrize(
        "path",
        ["items", "/", "/items/", "/items/x", "/items/{id}/parts", "/items/{id+}", "/{proxy+}", "/it*ms", "/it?ms",
         "/é", "/${x}", "/items//{id}", "", "//items"],
    )  # fmt: skip
    def test_other_paths_are_rejected(self, path: str) -> None:
        with pytest.raises(ValueError, match="route"):
            resource_patterns.group_routes([route(path)])

    @pytest.mark.parametrize("method", ["get", "OPTIONS", "ANY", "*", "", "GET "])
    def test_other_methods_are_rejected(self, method: str) -> None:
        with pytest.raises(ValueError, match="the method must be one of"):
            resource_patterns.group_routes([route("/items", method)])

    @pytest.mark.parametrize(
        ("names", "prefixes"),
        [
            (("item", "items"), {"item"}),
            (("items", "itemsets", "users"), {"items"}),
            (("ab", "b", "a", "a0"), {"a"}),
            (("a", "ab", "abc"), {"a", "ab"}),
            (("items", "users"), set[str]()),
        ],
    )
    def test_names_that_are_prefixes_of_others_are_known(self, names: tuple[str, ...], prefixes: set[str]) -> None:
        groups = resource_patterns.group_routes([route(f"/{name}") for name in names])
        assert {group.name for group in groups if group.is_prefix} == prefixes

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_a_wildcard_after_a_name_does_not_match_another_collection(self, encoding: PolicyEncoding) -> None:
        made = Policies(routes("item", "items"), encoding)
        (allow, *_) = made.document(STAGE_OF_TEST, ("item:read", "item:write"), NOW)["Statement"]
        assert not [each for each in allow["Resource"] if each.endswith("/item*")]
        (allow, *_) = made.document(STAGE_OF_TEST, ("items:read",), NOW)["Statement"]
        assert any(each.endswith("GET/items*") for each in allow["Resource"])

    def test_two_scopes_for_one_method_are_rejected(self) -> None:
        with pytest.raises(ValueError, match="two scopes"):
            resource_patterns.group_routes([route("/items"), route("/items", scope="b:read")])

    def test_routes_may_share_a_scope(self) -> None:
        made = Policies([route("/items"), route("/users")])
        (statement,) = made.document(Stage.of("aws", "r", "0" * 12, "a", "s"), ("a:read",), NOW)["Statement"]
        assert [resource.rpartition("s/")[2] for resource in statement["Resource"]] == ["GET/items", "GET/users"]

    def test_routes_may_have_few_methods(self) -> None:
        made = resource_patterns.group_routes([route("/items", "GET", "POST"), route("/items/{id}", "DELETE")])[0]
        assert resource_patterns.method_patterns(made, made.granted({"a:read"})) == [
            "GET/items",
            "POST/items",
            "DELETE/items/*",
        ]


class TestPatterns:
    def test_wildcards_match_only_granted_methods(self) -> None:
        made = resource_patterns.group_routes([route("/items", "GET"), route("/items", "PUT", scope="b")])[0]
        assert resource_patterns.method_patterns(made, made.granted({"a:read"})) == ["GET/items"]
        assert resource_patterns.method_patterns(made, made.granted({"a:read", "b"})) == ["???/items"]

    def test_four_wildcards_require_the_methods_with_three_letters(self) -> None:
        made = resource_patterns.group_routes([route("/items", "HEAD", "POST"), route("/items", "GET", scope="b")])[0]
        assert resource_patterns.method_patterns(made, made.granted({"a:read"})) == ["HEAD/items", "POST/items"]
        assert resource_patterns.method_patterns(made, made.granted({"a:read", "b"})) == ["GET/items", "????/items"]

    @pytest.mark.parametrize(
        ("scopes", "expected"),
        [
            ({"items:read"}, ["GET/items*", "HEAD/items*"]),
            ({"items:write"}, ["D*/items/*", "P*/items/*", "POST/items"]),
            ({"items:read", "items:write"}, ["*/items/*", "GET/items", "????/items"]),
            (set[str](), []),
        ],
    )
    def test_compact_patterns_are_fewer(self, scopes: set[str], expected: list[str]) -> None:
        made = resource_patterns.group_routes(routes("items"))[0]
        assert resource_patterns.compact_patterns(made, made.granted(scopes)) == expected

    def test_a_first_letter_matches_only_granted_methods(self) -> None:
        """PATCH is not granted, so PUT is not written as P*; only DELETE begins with D."""
        made = resource_patterns.group_routes(
            [route("/items/{id}", "PUT", "DELETE"), route("/items/{id}", "PATCH", "GET", scope="b")]
        )[0]
        assert resource_patterns.compact_patterns(made, made.granted({"a:read"})) == ["D*/items/*", "PUT/items/*"]
        assert resource_patterns.compact_patterns(made, made.granted({"b"})) == ["G*/items/*", "PATCH/items/*"]
