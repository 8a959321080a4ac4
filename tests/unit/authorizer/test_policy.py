"""The policy's shape; what it allows is shown in tests/security with an evaluator that is not ours."""

from typing import Any

import pytest

from authorizer import policy, resource_patterns
from authorizer.event import Stage
from authorizer.policy import Policies
from authorizer.settings import PolicyEncoding, RouteScope
from tests.unit.authorizer.provider import NOW, STAGE, Harness, allowed, routes, token


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
def test_a_collection_is_a_few_patterns(scope: str, expected: list[str]) -> None:
    assert resources(scope) == expected


def test_the_policy_does_not_depend_on_the_request() -> None:
    harness = Harness(decision_cache=Harness().authorizer._settings.decision_cache)
    assert harness.decide(token(), "GET/items") == Harness().decide(token(), "DELETE/orders/1")


def test_each_allow_ends_a_minute_after_the_tokens_expiry_and_leeway() -> None:
    answer = Harness().decide(token(exp=NOW + 3600))
    assert answer["policyDocument"]["Version"] == "2012-10-17"
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2027-01-15T09:01:30Z"}}
    assert answer["context"]["expires"] == NOW + 3630


@pytest.mark.parametrize("scope", ["", "openid", "unknown:read"])
def test_without_a_scope_everything_is_denied(scope: str) -> None:
    answer = Harness().decide(token(scope=scope))
    assert answer["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [STAGE + "*"]}],
    }
    assert answer["context"]["error"] == "insufficient_scope"


def test_seconds_are_written_as_rfc_3339() -> None:
    assert policy.rfc3339(0) == "1970-01-01T00:00:00Z"
    assert policy.rfc3339(NOW) == "2027-01-15T08:00:00Z"


class TestEncodings:
    PREFIX = "arn:aws:execute-api:eu-central-1:000000000000:aaaaaaaaaa/prod/"

    def statements(self, encoding: PolicyEncoding) -> list[dict[str, Any]]:
        stage = Stage.of("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
        return Policies(routes("items"), encoding).document(stage, ("items:read", "items:write"), NOW)["Statement"]

    def test_are_those_of_the_settings(self) -> None:
        answer = Harness(policy_encoding="compact").decide(token())
        assert [each["Effect"] for each in answer["policyDocument"]["Statement"]] == ["Allow", "Deny"]

    def test_name_methods_and_the_region_unless_the_deployment_needs_shorter_ones(self) -> None:
        (allow,) = self.statements("methods")
        assert len(allow["Resource"]) == 4
        assert all(each.startswith("arn:aws:execute-api:eu-central-1:") for each in allow["Resource"])

    def test_that_are_compact_deny_deeper_paths_and_end_as_well(self) -> None:
        allow, deny = self.statements("compact")
        assert len(allow["Resource"]) == 3
        assert "Condition" in allow
        assert deny == {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [f"{self.PREFIX}*/*/*/*"]}

    def test_may_leave_the_region_open(self) -> None:
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
    def test_of_another_form_are_refused(self, path: str) -> None:
        with pytest.raises(ValueError, match="route"):
            resource_patterns.group_routes([route(path)])

    @pytest.mark.parametrize("method", ["get", "OPTIONS", "ANY", "*", "", "GET "])
    def test_of_another_method_are_refused(self, method: str) -> None:
        with pytest.raises(ValueError, match="the method must be one of"):
            resource_patterns.group_routes([route("/items", method)])

    @pytest.mark.parametrize("names", [("item", "items"), ("items", "itemsets"), ("a", "b", "ab")])
    def test_whose_names_could_be_confused_are_refused(self, names: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="prefix of another"):
            resource_patterns.group_routes([route(f"/{name}") for name in names])

    def test_with_two_scopes_for_one_call_are_refused(self) -> None:
        with pytest.raises(ValueError, match="two scopes"):
            resource_patterns.group_routes([route("/items"), route("/items", scope="b:read")])

    def test_may_share_a_scope(self) -> None:
        made = Policies([route("/items"), route("/users")])
        (statement,) = made.document(Stage.of("aws", "r", "0" * 12, "a", "s"), ("a:read",), NOW)["Statement"]
        assert [resource.rpartition("s/")[2] for resource in statement["Resource"]] == ["GET/items", "GET/users"]

    def test_may_have_few_methods(self) -> None:
        made = resource_patterns.group_routes([route("/items", "GET", "POST"), route("/items/{id}", "DELETE")])[0]
        assert resource_patterns.method_patterns(made, made.granted({"a:read"})) == [
            "GET/items",
            "POST/items",
            "DELETE/items/*",
        ]


class TestPatterns:
    def test_do_not_leave_out_a_method_that_is_not_granted(self) -> None:
        made = resource_patterns.group_routes([route("/items", "GET"), route("/items", "PUT", scope="b")])[0]
        assert resource_patterns.method_patterns(made, made.granted({"a:read"})) == ["GET/items"]
        assert resource_patterns.method_patterns(made, made.granted({"a:read", "b"})) == ["???/items"]

    def test_of_four_letters_need_those_of_three(self) -> None:
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
    def test_are_fewer_where_a_guard_is_denied(self, scopes: set[str], expected: list[str]) -> None:
        made = resource_patterns.group_routes(routes("items"))[0]
        assert resource_patterns.compact_patterns(made, made.granted(scopes)) == expected

    def test_do_not_begin_as_a_method_does_that_is_not_granted(self) -> None:
        """PATCH is not granted, so P* is not written for PUT; and DELETE has its whole letter to itself."""
        made = resource_patterns.group_routes(
            [route("/items/{id}", "PUT", "DELETE"), route("/items/{id}", "PATCH", "GET", scope="b")]
        )[0]
        assert resource_patterns.compact_patterns(made, made.granted({"a:read"})) == ["D*/items/*", "PUT/items/*"]
        assert resource_patterns.compact_patterns(made, made.granted({"b"})) == ["G*/items/*", "PATCH/items/*"]
