"""`python -m infra.revoke`: one token, or every token that a subject has now, counts no more from this moment on.

The list is written first and the gateway's cache emptied then, so that the authorizer is asked about everyone again.

Whoever runs it needs dynamodb:DescribeTable and dynamodb:PutItem on the stack's table of revoked tokens,
apigateway:GET on /restapis and apigateway:DELETE on /restapis/{id}/stages/{stage}/cache/authorizers.
"""

import argparse
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from authorizer.revocations import EXPIRY, ISSUED_UNTIL, KEPT, KEY, subject_key, token_key
from infra.bundles import ROOT
from infra.configuration import ConfigurationError, read_configuration
from infra.naming import REVOCATIONS, Names
from infra.settings import SettingsError, StackSettings, load

SETTLING = 2.0
"""Seconds after which the gateway's cache is emptied once more: longer than it takes to write a policy."""


class RevokeFailed(Exception):
    """Nothing was revoked, or not at once; the message says which, and why."""


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that `wish_of` reads."""
    parser.add_argument(
        "--subject", action="append", default=[], metavar="SUB",
        help="sign out everywhere: every token of this subject issued so far; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--token-id", action="append", default=[], metavar="JTI", help="the token with this jti; may be repeated"
    )
    parser.add_argument("--issuer", metavar="NAME", help="the issuer's name in the settings, where there are several")


def wish_of(options: argparse.Namespace) -> Wish:
    """What parsed arguments ask for."""
    return Wish(subjects=options.subject, token_ids=options.token_id, issuer=options.issuer)


def revoke(stack: Stack, clients: Clients, wish: Wish, settling: float = SETTLING) -> list[str]:
    """Revokes and tells what was done, a line each. Raises RevokeFailed."""
    if not stack.settings.revocation.enabled:
        raise RevokeFailed(f"stack {stack.names.stack} asks no list: enable gatehouse:revocation and deploy it")
    issuer = _issuer(stack.settings, wish.issuer)
    subjects, tokens = _keys(issuer, wish)
    table = stack.names.resource(REVOCATIONS)
    with _failures("not everything was revoked"):
        api = _api(clients, stack)
        now = _now(clients, table, stack)
        for key in subjects:
            _sign_out(clients, table, key, now)
        for key in tokens:
            clients.dynamodb.put_item(TableName=table, Item=_entry(key, now))
    cached = stack.settings.authorizer_cache_seconds
    with _failures(f"it is on the list, but API Gateway may go by what it remembers for {cached} seconds more"):
        _empty_cache(clients, api, stack.names.stack)
        # A decision for which the list had been read before may have come into the cache after it was emptied.
        time.sleep(settling)
        _empty_cache(clients, api, stack.names.stack)
    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    return [
        *(f"No token of {sub} that issuer {issuer} issued until {moment} counts any more." for sub in wish.subjects),
        *(f"The token {jti} of issuer {issuer} counts no more." for jti in wish.token_ids),
    ]


def _issuer(settings: StackSettings, name: str | None) -> str:
    """A name that no issuer has would revoke nothing, silently."""
    names = [issuer.name for issuer in settings.issuers]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        said = "the stack has several issuers" if name is None else f"there is no issuer {name!r}"
        raise RevokeFailed(f"{said}; --issuer is one of {', '.join(names)}")
    return name


def _keys(issuer: str, wish: Wish) -> tuple[list[str], list[str]]:
    """The keys of subjects' and of tokens' entries."""
    if not wish.subjects and not wish.token_ids:
        raise RevokeFailed("nothing to revoke; give --subject or --token-id")
    try:
        return [subject_key(issuer, sub) for sub in wish.subjects], [token_key(issuer, jti) for jti in wish.token_ids]
    except ValueError as error:
        raise RevokeFailed(str(error)) from None


def _now(clients: Clients, table: str, stack: Stack) -> int:
    """The time by AWS's clock, for this machine's may be wrong. Raises RevokeFailed where there is no table."""
    try:
        described = clients.dynamodb.describe_table(TableName=table)
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        raise RevokeFailed(_missing(f"table {table}", stack)) from None
    return int(parsedate_to_datetime(described["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp())


def _api(clients: Clients, stack: Stack) -> str:
    names = stack.names
    pages = clients.apigateway.get_paginator("get_rest_apis").paginate()
    found = [api["id"] for page in pages for api in page.get("items", ()) if api["name"] == names.api]
    if not found:
        raise RevokeFailed(_missing(f"API named {names.api}", stack))
    if len(found) > 1:
        raise RevokeFailed(f"there are {len(found)} APIs named {names.api}, so it is not clear whose cache to empty")
    return found[0]


def _missing(what: str, stack: Stack) -> str:
    return f"there is no {what} in {stack.region}, in the account of these credentials: is the stack deployed?"


def _entry(key: str, now: int) -> dict[str, Any]:
    return {KEY: {"S": key}, EXPIRY: {"N": str(now + KEPT)}}


def _sign_out(clients: Clients, table: str, key: str, now: int) -> None:
    # Somebody else may have done the same a moment later: what they wrote covers this too.
    with suppress(clients.dynamodb.exceptions.ConditionalCheckFailedException):
        clients.dynamodb.put_item(
            TableName=table,
            Item={**_entry(key, now), ISSUED_UNTIL: {"N": str(now)}},
            ConditionExpression="attribute_not_exists(#until) OR #until <= :now",
            ExpressionAttributeNames={"#until": ISSUED_UNTIL},
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )


def _empty_cache(clients: Clients, api: str, stage: str) -> None:
    clients.apigateway.flush_stage_authorizers_cache(restApiId=api, stageName=stage)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Revokes in a deployed stack; 0 if it did, 1 if it could not."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.revoke",
        description="Makes tokens count no more, from this moment on.",
        allow_abbrev=False,
    )
    parser.add_argument("--stack", required=True, help="the stack whose API it is: dev, prod, …")
    parser.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", type=_override,
        help="a setting in the place of the stack file's, such as one that is encrypted there",
    )  # fmt: skip
    add_arguments(parser)
    options = parser.parse_args(arguments)
    import boto3  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  only a deployed stack needs a session

    try:
        stack = Stack.read(options.stack, dict(options.config))
        session: Any = boto3.Session(region_name=stack.region, profile_name=stack.profile)
        clients = Clients(session.client("dynamodb"), session.client("apigateway"))
        said = revoke(stack, clients, wish_of(options))
    except (ConfigurationError, RevokeFailed, SettingsError, BotoCoreError) as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    tell(said)
    return 0


def tell(said: Sequence[str]) -> None:
    """Prints what was done, in whatever encoding: a failure to print it would look like one to do it."""
    for line in said:
        sys.stdout.write(line.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding) + "\n")


def _override(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
