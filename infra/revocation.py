"""Revoking tokens in a deployed stack: the list is written first, and the gateway's cache of policies emptied then.

So the authorizer is asked about everyone again, and asks the list.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from authorizer.revocation.entries import ENTRY_LIFETIME, EXPIRY, ISSUED_UNTIL, KEY, subject_key, token_key
from infra.bundles import ROOT
from infra.configuration import read_configuration
from infra.naming import REVOCATIONS, Names
from infra.settings import StackSettings, load

MARGIN = 1.0
"""Seconds that a decision may take after it has read the list."""


class RevokeFailed(Exception):
    """Nothing was revoked, or not everything, or not at once; the message says which, and why."""


@dataclass(frozen=True)
class Stack:
    """A stack by its file: its names, its settings and how its account is reached."""

    names: Names
    settings: StackSettings
    region: str
    profile: str | None

    @classmethod
    def read(cls, stack: str, overrides: Mapping[str, str] | None = None) -> "Stack":
        """Raises ConfigurationError or SettingsError."""
        found = read_configuration(ROOT, stack, overrides)
        settings = load(found.project, stack, found.values)
        return cls(Names(found.project, stack), settings, found.values["aws:region"], found.values.get("aws:profile"))


@dataclass(frozen=True)
class Clients:
    """botocore's clients of the services that a stack's revocations are made of."""

    dynamodb: Any
    apigateway: Any


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be revoked: all of these subjects' tokens so far, and the tokens of these ids, of one issuer.

    `issuer` is its name in the settings; None is the only one that the stack has.
    """

    subjects: Sequence[str] = ()
    token_ids: Sequence[str] = ()
    issuer: str | None = None


@dataclass(frozen=True)
class Entry:
    """An item of the list, and what is told once it is there."""

    item: dict[str, Any]
    said: str


def revoke(stack: Stack, clients: Clients, wish: Wish, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Revokes and tells what was done, a line each. Raises RevokeFailed."""
    if not stack.settings.revocation.enabled:
        raise RevokeFailed(f"stack {stack.names.stack} asks no list: enable gatehouse:revocation and deploy it")
    issuer = _issuer(stack.settings, wish.issuer)
    subjects, tokens = _keys(issuer, wish)
    table = stack.names.resource(REVOCATIONS)
    with _failures("nothing was revoked"):
        api = _api(clients, stack)
        now = _now(clients, table, stack)
    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    entries = [
        *(
            Entry(
                {**_item(key, now), ISSUED_UNTIL: {"N": str(now)}},
                f"No token of {subject} that issuer {issuer} issued until {moment} counts any more.",
            )
            for subject, key in subjects.items()
        ),
        *(
            Entry(_item(key, now), f"The token {token_id} of issuer {issuer} counts no more.")
            for token_id, key in tokens.items()
        ),
    ]
    written: list[str] = []
    try:
        with _failures("run it again"):
            for entry in entries:
                _write(clients, table, entry.item)
                written.append(entry.said)
    except RevokeFailed as failed:
        raise RevokeFailed(" ".join((*written, f"Not all was revoked, {failed}"))) from None
    finally:
        if written:
            _empty_cache(stack, clients, api, pause)
    return written


def _issuer(settings: StackSettings, name: str | None) -> str:
    """A name that no issuer has would revoke nothing, silently."""
    names = [issuer.name for issuer in settings.issuers]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        said = "the stack has several issuers" if name is None else f"there is no issuer {name!r}"
        raise RevokeFailed(f"{said}; --issuer is one of {', '.join(names)}")
    return name


def _keys(issuer: str, wish: Wish) -> tuple[dict[str, str], dict[str, str]]:
    """The keys of the entries, by subject and by token id."""
    if not wish.subjects and not wish.token_ids:
        raise RevokeFailed("nothing to revoke; give --subject or --token-id")
    try:
        subjects = {subject: subject_key(issuer, subject) for subject in wish.subjects}
        return subjects, {token_id: token_key(issuer, token_id) for token_id in wish.token_ids}
    except ValueError as error:
        raise RevokeFailed(str(error)) from None


def _api(clients: Clients, stack: Stack) -> str:
    name = stack.names.api
    pages = clients.apigateway.get_paginator("get_rest_apis").paginate()
    found = [api["id"] for page in pages for api in page.get("items", ()) if api["name"] == name]
    if not found:
        raise RevokeFailed(_missing(f"API named {name}", stack))
    if len(found) > 1:
        raise RevokeFailed(f"there are {len(found)} APIs named {name}, so it is not clear whose cache to empty")
    return found[0]


def _now(clients: Clients, table: str, stack: Stack) -> int:
    """The time by AWS's clock, for this machine's may be wrong. Raises RevokeFailed where there is no table."""
    try:
        described = clients.dynamodb.describe_table(TableName=table)
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        raise RevokeFailed(_missing(f"table {table}", stack)) from None
    return int(parsedate_to_datetime(described["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp())


def _missing(what: str, stack: Stack) -> str:
    return f"there is no {what} in {stack.region}, in the account of these credentials: is the stack deployed?"


def _item(key: str, now: int) -> dict[str, Any]:
    return {KEY: {"S": key}, EXPIRY: {"N": str(now + ENTRY_LIFETIME)}}


def _write(clients: Clients, table: str, item: dict[str, Any]) -> None:
    if ISSUED_UNTIL not in item:
        clients.dynamodb.put_item(TableName=table, Item=item)
        return
    # Somebody else may have done the same a moment later: what they wrote covers this too.
    with suppress(clients.dynamodb.exceptions.ConditionalCheckFailedException):
        clients.dynamodb.put_item(
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(#until) OR #until <= :now",
            ExpressionAttributeNames={"#until": ISSUED_UNTIL},
            ExpressionAttributeValues={":now": item[ISSUED_UNTIL]},
        )


def _empty_cache(stack: Stack, clients: Clients, api: str, pause: Callable[[float], None]) -> None:
    """Make the gateway forget, twice: a decision that had read the list before may have come into the cache since."""
    cached = stack.settings.authorizer_cache_seconds
    with _failures(f"it is on the list, but API Gateway may go by what it remembers for {cached} seconds more"):
        clients.apigateway.flush_stage_authorizers_cache(restApiId=api, stageName=stack.names.stack)
        pause(stack.settings.revocation.timeout + MARGIN)
        clients.apigateway.flush_stage_authorizers_cache(restApiId=api, stageName=stack.names.stack)


@contextmanager
def _failures(consequence: str) -> Generator[None]:
    try:
        yield
    except ClientError as refused:
        error = refused.response.get("Error", {})
        said = f"{refused.operation_name}: {error.get('Code')}: {error.get('Message')}"
        raise RevokeFailed(f"{consequence}: {said}") from None
    except BotoCoreError as failure:
        raise RevokeFailed(f"{consequence}: {failure}") from None
