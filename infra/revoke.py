"""`python -m infra.revoke`: one token, or every token that a subject has now, counts no more from this moment on.

The list is written first and the gateway's cache emptied then, so that the authorizer is asked about everyone again.

Whoever runs it needs dynamodb:DescribeTable and dynamodb:PutItem on the stack's table of revoked tokens,
apigateway:GET on /restapis and apigateway:DELETE on /restapis/{id}/stages/{stage}/cache/authorizers.
"""

import argparse
import sys
from collections.abc import Generator, Sequence
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
    def read(cls, stack: str) -> "Stack":
        """Raises ConfigurationError or SettingsError."""
        found = read_configuration(ROOT, stack)
        settings = load(found.project, stack, found.values)
        return cls(Names(found.project, stack), settings, found.values["aws:region"], found.values.get("aws:profile"))


@dataclass(frozen=True)
class Clients:
    """botocore's clients of the services that a stack's revocations are made of."""

    dynamodb: Any
    apigateway: Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is revoked."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--subject", metavar="SUB", help="sign out everywhere: every token of this subject issued so far")
    what.add_argument("--token-id", metavar="JTI", help="the token with this jti")
    parser.add_argument("--issuer", metavar="NAME", help="the issuer's name in the settings, where there are several")


def revoke(stack: Stack, clients: Clients, options: argparse.Namespace) -> str:
    """Revokes what the options say and tells what was done. Raises RevokeFailed."""
    issuer = _issuer(stack.settings, options.issuer)
    key = _key(issuer, options)
    table = stack.names.resource(REVOCATIONS)
    with _failures("nothing was revoked"):
        now = _now(clients, table, stack.names.stack)
        api = _api(clients, stack.names)
        _write(clients, table, key, now, subject=options.subject is not None)
    cached = stack.settings.authorizer_cache_seconds
    with _failures(f"it is on the list, but API Gateway may go by what it remembers for {cached} seconds more"):
        clients.apigateway.flush_stage_authorizers_cache(restApiId=api, stageName=stack.names.stack)
    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    if options.subject is None:
        return f"The token {options.token_id} of issuer {issuer} counts no more."
    return f"No token of {options.subject} that issuer {issuer} issued until {moment} counts any more."


def _issuer(settings: StackSettings, name: str | None) -> str:
    """A name that no issuer has would revoke nothing, silently."""
    names = [issuer.name for issuer in settings.issuers]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        said = "the stack has several issuers" if name is None else f"there is no issuer {name!r}"
        raise RevokeFailed(f"{said}; --issuer is one of {', '.join(names)}")
    return name


def _key(issuer: str, options: argparse.Namespace) -> str:
    try:
        if options.subject is not None:
            return subject_key(issuer, options.subject)
        return token_key(issuer, options.token_id)
    except ValueError as error:
        raise RevokeFailed(str(error)) from None


def _now(clients: Clients, table: str, stack: str) -> int:
    """The time by AWS's clock, for this machine's may be wrong. Raises RevokeFailed where there is no table."""
    try:
        described = clients.dynamodb.describe_table(TableName=table)
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        raise RevokeFailed(
            f"stack {stack} has no table {table}: enable gatehouse:revocation in Pulumi.{stack}.yaml and deploy it"
        ) from None
    return int(parsedate_to_datetime(described["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp())


def _api(clients: Clients, names: Names) -> str:
    pages = clients.apigateway.get_paginator("get_rest_apis").paginate()
    found = [api["id"] for page in pages for api in page["items"] if api["name"] == names.api]
    if len(found) != 1:
        raise RevokeFailed(f"there are {len(found)} APIs named {names.api}, so it is not clear whose cache to empty")
    return found[0]


def _write(clients: Clients, table: str, key: str, now: int, *, subject: bool) -> None:
    item: dict[str, Any] = {KEY: {"S": key}, EXPIRY: {"N": str(now + KEPT)}}
    if not subject:
        clients.dynamodb.put_item(TableName=table, Item=item)
        return
    # Somebody else may have done the same a moment later: what they wrote covers this too.
    with suppress(clients.dynamodb.exceptions.ConditionalCheckFailedException):
        clients.dynamodb.put_item(
            TableName=table,
            Item={**item, ISSUED_UNTIL: {"N": str(now)}},
            ConditionExpression="attribute_not_exists(#until) OR #until <= :now",
            ExpressionAttributeNames={"#until": ISSUED_UNTIL},
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )


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
        prog="python -m infra.revoke", description="Makes tokens count no more, from this moment on."
    )
    parser.add_argument("--stack", required=True, help="the stack whose API it is: dev, prod, …")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    import boto3  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  only a deployed stack needs a session

    try:
        stack = Stack.read(options.stack)
        session: Any = boto3.Session(region_name=stack.region, profile_name=stack.profile)
        said = revoke(stack, Clients(session.client("dynamodb"), session.client("apigateway")), options)
    except (ConfigurationError, RevokeFailed, SettingsError, BotoCoreError) as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
