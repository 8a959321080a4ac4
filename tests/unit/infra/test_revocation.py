"""The order in which a revocation is done, and what is told of it where it fails half-way."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.settings import RevocationSettings
from infra.naming import Names
from infra.revoke import MARGIN, Clients, DeployedStack, RevokeError, RevokeRequest, revoke
from infra.settings import StackSettings
from tests.unit.authorizer.provider import issuer

ISSUERS = (issuer(), issuer(name="other", url="https://other.example.com"))


class Services:
    """DynamoDB and API Gateway that note what they are asked for; `refusing` names what they refuse."""

    class Refused(ClientError):
        pass

    def __init__(self, *refusing: str) -> None:
        self.refusing = refusing
        self.asked: list[str] = []
        self.exceptions = type("exceptions", (), {
            "ResourceNotFoundException": KeyError, "ConditionalCheckFailedException": LookupError,
        })  # fmt: skip

    def do(self, what: str) -> None:
        if what in self.refusing:
            refusal: Any = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
            raise self.Refused(refusal, what.partition(" ")[0])
        self.asked.append(what)

    def describe_table(self, **_: str) -> Any:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": "Fri, 15 Jan 2027 08:00:00 GMT"}}}

    def get_paginator(self, _name: str) -> Any:
        return self

    def paginate(self) -> Any:
        return [{}, {"items": [{"id": "x", "name": "gatehouse-prod-web"}, {"id": "a1", "name": "gatehouse-prod-api"}]}]

    def put_item(self, **asked: Any) -> None:
        self.do(f"put {asked['Item']['revoked']['S']}")

    def flush_stage_authorizers_cache(self, *, restApiId: str, stageName: str) -> None:  # noqa: N803
        self.do(f"flush {restApiId} {stageName}")

    def pause(self, seconds: float) -> None:
        self.asked.append(f"pause {seconds:g}")


def revoked(
    services: Services, *, enabled: bool = True, issuer: str | None = "main", **requested: list[str]
) -> list[str]:
    settings = StackSettings(issuers=ISSUERS, revocation=RevocationSettings(enabled=enabled, timeout=2))
    stack = DeployedStack(Names("gatehouse", "prod"), settings, "eu-central-1", None)
    return revoke(stack, Clients(services, services), RevokeRequest(issuer=issuer, **requested), services.pause)


FLUSHED = ["flush a1 prod", f"pause {2 + MARGIN:g}", "flush a1 prod"]


def test_the_cache_is_emptied_once_all_is_written_and_again_when_what_was_on_its_way_has_arrived() -> None:
    services = Services()
    said = revoked(services, subjects=["ann", "bob"], token_ids=["t-1"])
    assert services.asked == ["put main#subject#ann", "put main#subject#bob", "put main#token#t-1", *FLUSHED]
    assert said == [
        "Revoked every token that issuer main issued to ann until 2027-01-15T08:00:00Z.",
        "Revoked every token that issuer main issued to bob until 2027-01-15T08:00:00Z.",
        "Revoked token t-1 of issuer main.",
    ]


def test_what_was_written_before_a_failure_counts_at_once_and_is_told() -> None:
    services = Services("put main#subject#bob")
    with pytest.raises(RevokeError) as failed:
        revoked(services, subjects=["ann", "bob", "carl"])
    assert services.asked == ["put main#subject#ann", *FLUSHED]
    assert str(failed.value) == (
        "Revoked every token that issuer main issued to ann until 2027-01-15T08:00:00Z. "
        "Not everything was revoked; run the command again: put: ThrottlingException: slow down"
    )


def test_where_nothing_was_written_nothing_is_emptied() -> None:
    services = Services("put main#subject#ann")
    with pytest.raises(RevokeError, match=r"^Not everything was revoked; run the command again: put: Throttling"):
        revoked(services, subjects=["ann"])
    assert services.asked == []


def test_a_cache_that_cannot_be_emptied_is_told() -> None:
    with pytest.raises(
        RevokeError, match=r"denylist was written, but API Gateway may use cached policies for 300 more seconds"
    ):
        revoked(Services("flush a1 prod"), subjects=["ann"])


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"subjects": ["ann"], "enabled": False}, "revocation is disabled in stack prod"),
        ({"subjects": ["ann"], "issuer": None}, "the stack has several issuers; --issuer must be one of: main, other"),
        ({"subjects": ["ann"], "issuer": "x"}, "unknown issuer 'x'; --issuer must be one of: main, other"),
        ({}, "nothing to revoke"),
        ({"subjects": ["ann", ""]}, "invalid subject ''"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_asked(wish: Any, said: str) -> None:
    services = Services()
    with pytest.raises(RevokeError, match=said):
        revoked(services, **wish)
    assert services.asked == []
