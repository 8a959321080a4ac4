"""The policy's shape; what it allows is shown in tests/security with an evaluator that is not ours."""

from typing import Any

import msgspec
import pytest

from authorizer import patterns, policy
from authorizer.claims import Caller
from authorizer.decision import decide
from authorizer.errors import PolicyTooLarge
from authorizer.event import Stage
from authorizer.policy import Policies
from authorizer.settings import RouteScope
from tests.unit.authorizer.provider import NOW, STAGE, Desk, allowed, routes, settings, token


def resources(scope: str) -> list[str]:
    return allowed(Desk().ask(token(scope=scope)))


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
    desk = Desk(decisions=Desk().authorizer._settings.decisions)
    assert desk.ask(token(), "GET/items") == Desk().ask(token(), "DELETE/orders/1")


def test_each_allow_ends_a_minute_after_the_tokens_expiry_and_leeway() -> None:
    answer = Desk().ask(token(exp=NOW + 3600))
    assert answer["policyDocument"]["Version"] == "2012-10-17"
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2027-01-15T09:01:30Z"}}
    assert answer["context"]["expires"] == NOW + 3630


@pytest.mark.parametrize("scope", ["", "openid", "unknown:read"])
def test_without_a_scope_everything_is_denied(scope: str) -> None:
    answer = Desk().ask(token(scope=scope))
    assert answer["policyDocument"]["Statement"] == [
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [STAGE + "*"]}
    ]
    assert answer["context"]["error"] == "insufficient_scope"


def test_seconds_are_written_as_rfc_3339() -> None:
    assert policy.rfc3339(0) == "1970-01-01T00:00:00Z"
    assert policy.rfc3339(NOW) == "2027-01-15T08:00:00Z"


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
            patterns.collections([route(path)])

    @pytest.mark.parametrize("method", ["get", "OPTIONS", "ANY", "*", "", "GET "])
    def test_of_another_method_are_refused(self, method: str) -> None:
        with pytest.raises(ValueError, match="the methods are"):
            patterns.collections([route("/items", method)])

    @pytest.mark.parametrize("names", [("item", "items"), ("items", "itemsets"), ("a", "b", "ab")])
    def test_whose_names_could_be_confused_are_refused(self, names: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="prefix of another"):
            patterns.collections([route(f"/{name}") for name in names])

    def test_with_two_scopes_for_one_call_are_refused(self) -> None:
        with pytest.raises(ValueError, match="two scopes"):
            patterns.collections([route("/items"), route("/items", scope="b:read")])

    def test_may_share_a_scope(self) -> None:
        made = Policies([route("/items"), route("/users")])
        (statement,) = made.statements(Stage("aws", "r", "0" * 12, "a", "s"), ("a:read",), NOW, lambda: 0)
        assert [resource.rpartition("s/")[2] for resource in statement["Resource"]] == ["GET/items", "GET/users"]

    def test_may_have_few_methods(self) -> None:
        made = patterns.collections([route("/items", "GET", "POST"), route("/items/{id}", "DELETE")])[0]
        assert patterns.pinned(made, made.granted({"a:read"})) == ["GET/items", "POST/items", "DELETE/items/*"]


class TestPatterns:
    def test_do_not_leave_out_a_method_that_is_not_granted(self) -> None:
        made = patterns.collections([route("/items", "GET"), route("/items", "PUT", scope="b")])[0]
        assert patterns.pinned(made, made.granted({"a:read"})) == ["GET/items"]
        assert patterns.pinned(made, made.granted({"a:read", "b"})) == ["???/items"]

    def test_of_four_letters_need_those_of_three(self) -> None:
        made = patterns.collections([route("/items", "HEAD", "POST"), route("/items", "GET", scope="b")])[0]
        assert patterns.pinned(made, made.granted({"a:read"})) == ["HEAD/items", "POST/items"]
        assert patterns.pinned(made, made.granted({"a:read", "b"})) == ["GET/items", "????/items"]

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
        made = patterns.collections(routes("items"))[0]
        assert patterns.compact(made, made.granted(scopes)) == expected

    def test_do_not_begin_as_a_method_does_that_is_not_granted(self) -> None:
        """PATCH is not granted, so P* is not written for PUT; and DELETE has its whole letter to itself."""
        made = patterns.collections(
            [route("/items/{id}", "PUT", "DELETE"), route("/items/{id}", "PATCH", "GET", scope="b")]
        )[0]
        assert patterns.compact(made, made.granted({"a:read"})) == ["D*/items/*", "PUT/items/*"]
        assert patterns.compact(made, made.granted({"b"})) == ["G*/items/*", "PATCH/items/*"]


class TestSize:
    def test_beyond_the_gateways_limit_for_one_resource_is_refused(self) -> None:
        stage = Stage("aws", "r", "0" * 12, "a", "s")
        longest = 512 - len(stage.prefix + "GET/")
        (statement,) = Policies([route("/" + "x" * longest)]).statements(stage, ("a:read",), NOW, lambda: 0)
        assert len(statement["Resource"][0]) == 512
        with pytest.raises(PolicyTooLarge, match="a resource is too long"):
            Policies([route("/" + "x" * (longest + 1))]).statements(stage, ("a:read",), NOW, lambda: 0)

    def test_may_be_as_much_as_the_gateway_takes(self) -> None:
        made = Policies(routes(*(f"{letter}{number}" for letter in "abcde" for number in range(5))))
        stage = Stage("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
        scopes = tuple(sorted(made.scopes))
        left = policy.MAX_BYTES - made._grants(stage, scopes)[2].size
        assert made.statements(stage, scopes, NOW, lambda: left)
        with pytest.raises(PolicyTooLarge):
            made.statements(stage, scopes, NOW, lambda: left + 1)

    def test_decides_which_form_is_taken(self) -> None:
        made = Policies(routes(*(f"{letter}{number}" for letter in "abcde" for number in range(5))))
        stage = Stage("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")

        def statements(context: int) -> list[dict[str, Any]]:
            return made.statements(stage, tuple(sorted(made.scopes)), NOW, lambda: context)

        short, shorter = statements(300), statements(2900)
        assert [len(statement["Resource"]) for statement in short] == [75, 1]
        assert short[0]["Resource"][0].startswith(stage.prefix)
        assert short[1] == {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": [stage.prefix + "*/*/*/*"]}
        assert "Condition" in short[0]
        assert shorter[1]["Resource"] == ["arn:aws:execute-api:*:*:aaaaaaaaaa/prod/*/*/*/*"]
        with pytest.raises(PolicyTooLarge, match=r"^the policy is larger than API Gateway takes$"):
            statements(7000)

    @pytest.mark.parametrize("scope", [("a:read",), ("a:read", "a:write"), ("a:read", "a:write", "b:read", "b:write")])
    def test_is_exact_in_every_form(self, scope: tuple[str, ...]) -> None:
        stage = Stage("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
        for grant in Policies(routes("a", "b"))._grants(stage, scope):
            document = policy.document(policy.statements_of(stage, grant, NOW))
            written = msgspec.json.encode({"policyDocument": document})
            assert grant.size == len(written) + len(" ".join(scope))

    @pytest.mark.parametrize("names", [["items"], ["items", "users", "orders"]])
    def test_of_the_worst_case_is_not_much_more_than_the_largest_answer(self, names: list[str]) -> None:
        made = Policies(routes(*names))
        stage, scopes, text = policy.WIDE_STAGE, tuple(sorted(made.scopes)), "x" * 255
        caller = Caller("main", text[:250], text, text, text, scopes, NOW, None)
        answer = len(msgspec.json.encode(decide(settings(routes=routes(*names)), made, stage, caller, None).answer))
        assert answer <= made.worst_case_size(stage) <= answer + 512

    def test_is_asked_for_the_contexts_bytes_only_where_it_matters(self) -> None:
        stage = Stage("aws", "r", "0" * 12, "a", "s")
        asked: list[int] = []

        def rest() -> int:
            asked.append(300)
            return 300

        names = [f"{letter}{number}" for letter in "abcde" for number in range(5)]
        Policies(routes("items")).statements(stage, ("items:read",), NOW, rest)
        assert asked == []
        large = Policies(routes(*names))
        large.statements(stage, tuple(sorted(large.scopes)), NOW, rest)
        assert asked == [300]

    def test_of_a_whole_answer_decides_too(self) -> None:
        made = settings(routes=routes(*(f"{letter}{number}" for letter in "abcde" for number in range(5))))
        policies = Policies(made.routes)
        caller = Caller("main", "x" * 36, "x", "x", None, tuple(sorted(policies.scopes)), NOW, None)
        stage = Stage("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
        answer = decide(made, policies, stage, caller, None).answer
        assert len(answer["policyDocument"]["Statement"]) == 2
        assert len(msgspec.json.encode(answer)) <= policy.MAX_BYTES

    def test_has_a_worst_case_for_a_deployment_to_look_at(self) -> None:
        one, two = (policy.worst_case_size(routes(*names)) for names in (["items"], ["items", "users"]))
        assert one < two < policy.MAX_BYTES

    def test_of_too_many_scopes_in_one_collection_cannot_be_told(self) -> None:
        methods, ends = ("GET", "PUT", "POST", "HEAD"), ("", "/{id}")
        eight = [route(f"/items{end}", method, scope=f"{method}{end}") for method in methods for end in ends]
        assert policy.worst_case_size(eight) < policy.MAX_BYTES
        many = [
            route(f"/items{end}", method, scope=f"{method}{end}")
            for method in patterns.METHODS
            for end in ("", "/{id}")
        ]
        nine = [*eight, route("/items", "PATCH", scope="nine")]
        for too_many in (nine, many):
            with pytest.raises(ValueError, match="more than 8 scopes"):
                policy.worst_case_size(too_many)
