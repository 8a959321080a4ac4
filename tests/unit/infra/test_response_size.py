"""The size of the authorizer's largest response is computed exactly at deployment."""

import json
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from authorizer.claims import Caller
from authorizer.decision import decide
from authorizer.event import Route, Stage
from authorizer.policy import ENCODINGS, Policies
from authorizer.settings import MAX_TEXT, DeploymentSettings, UsageClients, is_printable
from handlers import contract
from infra.checks import response_size
from infra.checks.deployable import NotDeployable, require_deployable
from infra.checks.response_size import (
    ResponseTooLarge,
    choose_encoding,
    largest_responses,
    largest_route_responses,
    with_policy_that_fits,
)
from infra.naming import Names
from tests.unit.authorizer.provider import Harness, claims, event, issuer, routes, settings, token
from tests.unit.infra.test_checks import collection
from tests.unit.infra.test_settings import load, texts

STAGE = Stage.of("aws", "eu-central-1", "123456789012", "abcdefghij", "prod")
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=40)
PLAIN = st.text(min_size=1, max_size=MAX_TEXT).filter(is_printable)
"""Any text that a token may have, including characters that JSON escapes or that take several bytes."""

TEXTS = st.one_of(PLAIN, st.sampled_from(["x" * 255, '"' * 127, "\\" * 127, "é" * 127, "😀" * 63]))
STAGES = st.builds(
    Stage.of,
    st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
    st.sampled_from(["us-east-1", "ap-southeast-1", "cn-northwest-1", "us-gov-west-1"]),
    st.just("123456789012"),
    st.just("abcdefghij"),
    st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=128),
)


def largest(made: DeploymentSettings, stage: Stage = STAGE) -> int:
    return max(response_size.response_size(each) for each in largest_responses(made, stage))


@st.composite
def stacks(draw: st.DrawFn) -> DeploymentSettings:
    names = sorted(draw(st.sets(NAMES, min_size=1, max_size=12)))
    usage = draw(
        st.sampled_from(
            [None, UsageClients(unlisted="refuse"), UsageClients(clients={"main": ("c" * 255, "d")}), UsageClients()]
        )
    )
    known = issuer(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)),
        tenant_claim=draw(st.sampled_from([None, "org"])),
        clients=draw(st.sampled_from([(), ("one", "another")])),
    )
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    return settings(routes=routes(*names), issuers=(known,), usage=usage, policy_encoding=encoding)


@bounded(max_examples=300)
@given(made=stacks(), stage=STAGES, data=st.data())
def test_no_response_exceeds_the_computed_size(made: DeploymentSettings, stage: Stage, data: st.DataObject) -> None:
    (known,) = made.issuers
    policies = Policies(made.routes, made.policy_encoding)
    scopes = tuple(sorted(data.draw(st.sets(st.sampled_from(sorted(policies.scopes))))))
    listed = made.usage.clients.get(known.name, ()) if made.usage else ()
    caller = Caller(
        issuer=known.name,
        subject=data.draw(TEXTS),
        client=data.draw(st.sampled_from(known.clients or (*listed, ""))) or data.draw(TEXTS),
        token_id=data.draw(st.one_of(TEXTS, st.just(""))),
        tenant=None if known.tenant_claim is None else data.draw(TEXTS),
        scopes=scopes,
        expires=data.draw(st.integers(0, response_size.EXPIRES)),
        issued_at=None,
    )
    response = decide(made, policies, stage, caller, None).with_id(response_size.REQUEST_ID)
    assert response_size.response_size(response) <= largest(made, stage)


@bounded(max_examples=60)
@given(made=stacks(), stage=STAGES)
def test_some_token_gets_a_response_of_the_computed_size(made: DeploymentSettings, stage: Stage) -> None:
    """Of all sets of scopes of two collections, and the callers with the longest accepted texts."""
    (known,) = made.issuers
    assert all(map(is_printable, (response_size.TEXT,)))
    small = msgspec.structs.replace(made, routes=made.routes[:12])
    policies = Policies(small.routes, small.policy_encoding)
    every = sorted(policies.scopes)
    sets = [tuple(scope for bit, scope in enumerate(every) if number >> bit & 1) for number in range(1 << len(every))]
    clients = known.clients or ("x" * 255, *(small.usage.clients.get(known.name, ()) if small.usage else ()))
    tenant = None if known.tenant_claim is None else "x" * 255
    sizes = [
        response_size.response_size(
            decide(
                small,
                policies,
                stage,
                Caller(known.name, "x" * 255, client, "x" * 255, tenant, scopes, response_size.EXPIRES, None),
                None,
            ).with_id(response_size.REQUEST_ID)
        )
        for scopes in sets
        for client in clients
    ]
    assert max(sizes) == largest(small, stage)


class TestTexts:
    """A text of a token is accepted if it takes at most MAX_TEXT bytes in a response, with JSON's escapes."""

    @pytest.mark.parametrize("text", ["x" * 255, '"' * 127 + "x", "\\" * 127 + "x", "é" * 127 + "x", "x" * 251 + "😀"])
    def test_the_longest_is_accepted(self, text: str) -> None:
        assert Harness().decide(token(sub=text, jti=text, client_id=text))["context"]["subject"] == text

    @pytest.mark.parametrize("text", ["x" * 256, '"' * 128, "\\" * 128, "é" * 128, "x" * 252 + "😀"])
    @pytest.mark.parametrize("claim", ["sub", "jti", "client_id"])
    def test_a_longer_one_is_rejected(self, claim: str, text: str) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            Harness().decide(token(payload=json.dumps(claims(**{claim: text})).encode()))


class TestEncodings:
    def test_the_most_readable_one_that_fits_is_chosen(self) -> None:
        few, some, many = (
            settings(routes=routes(*(f"{letter}{number}" for letter in letters for number in range(5))))
            for letters in ("ab", "abcd", "abcdefg")
        )
        assert [choose_encoding(each, STAGE) for each in (few, some, many)] == [
            "methods",
            "compact",
            "compact-any-region",
        ]

    def test_a_resource_that_is_too_long_fits_in_no_encoding(self) -> None:
        room = response_size.MAX_RESOURCE - len(STAGE.prefix + "DELETE//*")
        assert choose_encoding(settings(routes=routes("x" * room)), STAGE)
        longer = room + len(STAGE.prefix) - len(STAGE.any_region) + len("DELETE") - len("HEAD") + 1
        with pytest.raises(ResponseTooLarge):
            choose_encoding(settings(routes=routes("x" * (longer + 3))), STAGE)

    def test_the_size_depends_on_the_length_of_the_regions_name(self) -> None:
        made = settings(routes=routes("items"))
        near, far = (Stage.of("aws", region, "0" * 12, "a" * 10, "prod") for region in ("x", "x" * 41))
        assert largest(made, far) > largest(made, near)


NAMES_OF_40 = [f"{letter}{'x' * 39}" for letter in string.ascii_lowercase[:14]]


def test_the_response_to_the_longest_token_is_within_the_limit() -> None:
    """For 14 collections with names of 40 characters, and texts of 255."""
    made = settings(routes=routes(*NAMES_OF_40), issuers=(issuer(tenant_claim="org"),))
    encoding = choose_encoding(made, STAGE)
    long = "x" * 255
    scope = " ".join(sorted(scope for name in NAMES_OF_40 for scope in (f"{name}:read", f"{name}:write")))
    harness = Harness(routes=made.routes, issuers=made.issuers, policy_encoding=encoding)
    response = harness.decide(token(sub=long, jti=long, client_id=long, org=long, scope=scope))
    assert response_size.response_size(response) <= response_size.MAX_BYTES


def test_a_stack_whose_responses_could_be_too_large_is_rejected() -> None:
    ends = [f"{letter}{number}" for letter in "abcdef" for number in range(9)]
    many = [collection(f"{end}{'x' * 28}", f"Model{end}") for end in ends]
    by_token = load("gatehouse", "test", texts(authorizer={"cacheBy": "token"}))
    with pytest.raises(NotDeployable, match="the authorizer's response may take"):
        require_deployable(contract.routes(many), Names("gatehouse", "test"), by_token)


class TestCacheBy:
    few = settings(routes=routes("items", "users"))
    many = settings(routes=routes(*(f"collection{number:03}" for number in range(150))))

    def test_one_policy_for_all_routes_is_chosen_while_it_fits(self) -> None:
        chosen = [with_policy_that_fits(each, STAGE, None) for each in (self.few, self.many)]
        assert [each.cache_by for each in chosen] == ["token", "route"]
        assert [each.policy_encoding for each in chosen] == ["methods", "compact-any-region"]

    def test_a_setting_overrides_the_choice(self) -> None:
        assert with_policy_that_fits(self.few, STAGE, "route").cache_by == "route"
        with pytest.raises(ResponseTooLarge, match=r"or authorizer\.cacheBy: route$"):
            with_policy_that_fits(self.many, STAGE, "token")

    def test_the_size_of_a_policy_for_one_route_does_not_depend_on_the_number_of_routes(self) -> None:
        one = msgspec.structs.replace(self.many, routes=self.many.routes[:6])
        sizes = [
            max(response_size.response_size(response) for response in largest_route_responses(each, STAGE))
            for each in (one, self.many)
        ]
        assert sizes[0] == sizes[1] < 2500

    def test_a_route_whose_pattern_is_too_long_is_rejected(self) -> None:
        long = settings(routes=routes("x" * (response_size.MAX_RESOURCE - len(STAGE.prefix) - len("DELETE//*") + 1)))
        with pytest.raises(ResponseTooLarge):
            with_policy_that_fits(long, STAGE, "route")

    @bounded(max_examples=100)
    @given(made=stacks(), stage=STAGES, data=st.data())
    def test_no_response_about_a_route_exceeds_the_computed_size(
        self, made: DeploymentSettings, stage: Stage, data: st.DataObject
    ) -> None:
        (known,) = made.issuers
        policies = Policies(made.routes)
        routes_ = [Route(method, each.path) for each in made.routes for method in each.methods]
        caller = Caller(
            issuer=known.name,
            subject=data.draw(TEXTS),
            client=data.draw(st.sampled_from(known.clients)) if known.clients else data.draw(TEXTS),
            token_id=data.draw(TEXTS),
            tenant=None if known.tenant_claim is None else data.draw(TEXTS),
            scopes=tuple(sorted(policies.scopes)),
            expires=response_size.EXPIRES,
            issued_at=None,
        )
        decision = decide(made, policies, stage, caller, None, data.draw(st.sampled_from(routes_)))
        largest_ = max(map(response_size.response_size, largest_route_responses(made, stage)))
        assert response_size.response_size(decision.with_id(response_size.REQUEST_ID)) <= largest_


def test_the_size_includes_the_decision_id_if_decisions_are_logged() -> None:
    logged, silent = settings(), settings(log_decisions=False)
    assert largest(logged) - largest(silent) == len(f', "decision_id": "{response_size.REQUEST_ID}"')
    assert "decision_id" in Harness().authorizer(event(token()), None)["context"]
