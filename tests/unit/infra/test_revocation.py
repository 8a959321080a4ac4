"""The order of the steps of a revocation, and what is reported if one of them fails."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from authorizer.settings import RevocationSettings
from infra.naming import Names
from infra.revoke import MARGIN, Clients, DeployedStack, RevokeError, RevokeRequest, main, revoke
from infra.settings import StackSettings
from tests.unit.authorizer.provider import issuer

ISSUERS = (issuer(), issuer(name="other", url="https://other.example.com"))


class Services:
    """Fakes of DynamoDB and API Gateway that record their calls; `failing` names the calls that fail."""

    class CallFailed(ClientError):
        pass

    def __init__(self, *failing: str, rest: Sequence[str] = ("a1",), http: Sequence[str] = ()) -> None:
        self.failing, self.rest, self.http = failing, rest, http
        self.calls: list[str] = []
        self.exceptions = type("exceptions", (), {
            "ResourceNotFoundException": KeyError, "ConditionalCheckFailedException": LookupError,
        })  # fmt: skip

    def do(self, what: str) -> None:
        if what in self.failing:
            response: Any = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
            raise self.CallFailed(response, what.partition(" ")[0])
        self.calls.append(what)

    def describe_table(self, **_: str) -> Any:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": "Fri, 15 Jan 2027 08:00:00 GMT"}}}

    def get_paginator(self, name: str) -> Any:
        apis = self.http if name == "get_apis" else self.rest
        names = {"x": "gatehouse-prod-web"} | dict.fromkeys(apis, "gatehouse-prod-api")
        upper = [{"ApiId": api, "Name": name} for api, name in names.items()]
        lower = [{"id": api, "name": name} for api, name in names.items()]
        pages = [{}, {"Items": upper} if name == "get_apis" else {"items": lower}]
        return SimpleNamespace(paginate=lambda: pages)

    def put_item(self, **calls: Any) -> None:
        self.do(f"put {calls['Item']['revoked']['S']}")

    def flush_stage_authorizers_cache(self, *, restApiId: str, stageName: str) -> None:  # noqa: N803
        self.do(f"flush {restApiId} {stageName}")

    def reset_authorizers_cache(self, *, ApiId: str, StageName: str) -> None:  # noqa: N803
        self.do(f"reset {ApiId} {StageName}")

    def pause(self, seconds: float) -> None:
        self.calls.append(f"pause {seconds:g}")


def revoked(
    services: Services, *, enabled: bool = True, issuer: str | None = "main", **requested: list[str]
) -> list[str]:
    settings = StackSettings(issuers=ISSUERS, revocation=RevocationSettings(enabled=enabled, timeout=2))
    stack = DeployedStack(Names("gatehouse", "prod"), settings, "eu-central-1", None)
    return revoke(stack, Clients.of(lambda _: services), RevokeRequest(issuer=issuer, **requested), services.pause)


FLUSHED = ["flush a1 prod", f"pause {2 + MARGIN:g}", "flush a1 prod"]


def test_the_cache_is_flushed_after_all_entries_are_written_and_again_after_a_pause() -> None:
    services = Services()
    lines = revoked(services, subjects=["ann", "bob"], token_ids=["t-1"])
    assert services.calls == ["put main#subject#ann", "put main#subject#bob", "put main#token#t-1", *FLUSHED]
    assert lines == [
        "Revoked every token that issuer main issued to ann until 2027-01-15T08:00:00Z.",
        "Revoked every token that issuer main issued to bob until 2027-01-15T08:00:00Z.",
        "Revoked token t-1 of issuer main.",
    ]


@pytest.mark.parametrize(
    ("rest", "http", "flushed"),
    [
        ((), ("b2",), ["reset b2 prod"]),
        (("a1",), ("b2",), ["flush a1 prod", "reset b2 prod"]),
    ],
    ids=["an HTTP API", "both, during a change of the flavour"],
)
def test_the_caches_of_all_apis_of_the_stack_are_flushed(
    rest: tuple[str, ...], http: tuple[str, ...], flushed: list[str]
) -> None:
    services = Services(rest=rest, http=http)
    revoked(services, subjects=["ann"])
    assert services.calls[1:] == [*flushed, f"pause {2 + MARGIN:g}", *flushed]


@pytest.mark.parametrize(
    ("rest", "http", "message"),
    [
        ((), (), "there is no API named gatehouse-prod-api"),
        (("a", "b"), (), "found 2 APIs named"),
        (("a",), ("b", "c"), "found 2 APIs named"),
    ],
)
def test_nothing_is_revoked_if_the_api_is_not_known(rest: tuple[str, ...], http: tuple[str, ...], message: str) -> None:
    services = Services(rest=rest, http=http)
    with pytest.raises(RevokeError, match=message):
        revoked(services, subjects=["ann"])
    assert services.calls == []


def test_entries_written_before_a_failure_apply_at_once_and_are_reported() -> None:
    services = Services("put main#subject#bob")
    with pytest.raises(RevokeError) as failed:
        revoked(services, subjects=["ann", "bob", "carl"])
    assert services.calls == ["put main#subject#ann", *FLUSHED]
    assert str(failed.value) == (
        "Revoked every token that issuer main issued to ann until 2027-01-15T08:00:00Z. "
        "Not everything was revoked; run the command again: put: ThrottlingException: slow down"
    )


def test_the_cache_is_not_flushed_if_nothing_was_written() -> None:
    services = Services("put main#subject#ann")
    with pytest.raises(RevokeError, match=r"^Not everything was revoked; run the command again: put: Throttling"):
        revoked(services, subjects=["ann"])
    assert services.calls == []


def test_a_failure_to_flush_the_cache_is_reported() -> None:
    with pytest.raises(
        RevokeError, match=r"denylist was written, but API Gateway may use cached policies for 300 more seconds"
    ):
        revoked(Services("flush a1 prod"), subjects=["ann"])


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ({"subjects": ["ann"], "enabled": False}, "revocation is disabled in stack prod"),
        ({"subjects": ["ann"], "issuer": None}, "the stack has several issuers; --issuer must be one of: main, other"),
        ({"subjects": ["ann"], "issuer": "x"}, "unknown issuer 'x'; --issuer must be one of: main, other"),
        ({}, "nothing to revoke"),
        ({"subjects": ["ann", ""]}, "invalid subject ''"),
    ],
)
def test_an_invalid_request_is_rejected_before_aws_is_called(requested: Any, message: str) -> None:
    services = Services()
    with pytest.raises(RevokeError, match=message):
        revoked(services, **requested)
    assert services.calls == []


def test_ctrl_c_says_that_tokens_may_still_be_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.revoke._clients", interrupted)
    assert main(["--stack", "prod", "--subject", "ann"]) == 130
    assert capsys.readouterr().err == (
        "gatehouse: interrupted; some tokens may still be valid: run the same command again\n"
    )
