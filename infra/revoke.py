"""Revoke tokens in a deployed stack: `python -m infra.revoke`.

Entries are written to the denylist first; then API Gateway's cache of policies is flushed, so that it asks the
authorizer again, which reads the denylist.

The command needs dynamodb:DescribeTable and dynamodb:PutItem on the stack's denylist, apigateway:GET on /restapis and
/apis, and apigateway:DELETE on /restapis/{id}/stages/{stage}/cache/authorizers or, for an HTTP API, on the same path
below /apis.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from authorizer.revocation.entries import ENTRY_LIFETIME, EXPIRY, ISSUED_UNTIL, KEY, subject_key, token_key
from infra import stack_file
from infra.authorizer.policy_caches import Flush, find_caches
from infra.interrupts import INTERRUPTED
from infra.naming import REVOCATIONS
from infra.packaging.bundles import ROOT
from infra.session import AccountError, DeployedStack
from infra.settings import StackSettings
from infra.stack_file import SettingsError

MARGIN = 1.0
"""Seconds that a decision may take after it has read the denylist."""


class RevokeError(Exception):
    """Tokens were not revoked, or not immediately; the message says which ones and why."""


@dataclass(frozen=True)
class Clients:
    """botocore's clients of the services that revoking needs."""

    dynamodb: Any
    apigateway: Any
    apigatewayv2: Any

    @classmethod
    def of(cls, client: Callable[[str], Any]) -> "Clients":
        """Return the clients that a function creates from the names of their services."""
        return cls(client("dynamodb"), client("apigateway"), client("apigatewayv2"))


@dataclass(frozen=True, kw_only=True)
class RevokeRequest:
    """What to revoke: all tokens issued to `subjects` so far, and the tokens with these ids.

    `issuer` is the issuer's name in the settings; it may be omitted if the stack has only one.
    """

    subjects: Sequence[str] = ()
    token_ids: Sequence[str] = ()
    issuer: str | None = None


@dataclass(frozen=True)
class Entry:
    """An item of the denylist, and the message that reports it."""

    item: dict[str, Any]
    message: str


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Revoke tokens in a deployed stack; 0 on success, 1 on failure, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.revoke", description="Revoke tokens in a deployed stack.", allow_abbrev=False
    )
    parser.add_argument("--stack", required=True, help="the stack: dev, prod, …")
    stack_file.add_options(parser)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        stack = DeployedStack.read(root, options.stack, options.overrides)
        print_lines(revoke(stack, _clients(stack), request_of(options)))
    except (RevokeError, SettingsError, AccountError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("gatehouse: interrupted; some tokens may still be valid: run the same command again\n")
        return INTERRUPTED
    return 0


def _clients(stack: DeployedStack) -> Clients:
    if stack.settings.functions.architecture == "host" and "AWS_ENDPOINT_URL" not in os.environ:
        raise RevokeError(f"stack {stack.names.stack} runs on this machine; use `python -m local revoke`")
    return Clients.of(stack.session().client)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `request_of` reads."""
    parser.add_argument(
        "--subject", action="append", default=[], metavar="SUB",
        help="revoke every token issued to this subject so far; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--token-id", action="append", default=[], metavar="JTI",
        help="revoke the token with this `jti` claim; may be repeated",
    )  # fmt: skip
    parser.add_argument("--issuer", metavar="NAME", help="the issuer's name in the settings, if there are several")


def request_of(options: argparse.Namespace) -> RevokeRequest:
    """Return the request of parsed arguments."""
    return RevokeRequest(subjects=options.subject, token_ids=options.token_id, issuer=options.issuer)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines in any encoding: an encoding error here would look like a failure to revoke."""
    for line in lines:
        sys.stdout.write(line.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding) + "\n")


def revoke(
    stack: DeployedStack, clients: Clients, request: RevokeRequest, pause: Callable[[float], None] = time.sleep
) -> list[str]:
    """Revoke tokens and return a line for each entry. Raises RevokeError."""
    if not stack.settings.revocation.enabled:
        raise RevokeError(
            f"revocation is disabled in stack {stack.names.stack}; set gatehouse:revocation.enabled and deploy"
        )
    issuer = _issuer(stack.settings, request.issuer)
    subjects, tokens = _keys(issuer, request)
    table = stack.names.resource(REVOCATIONS)
    with _aws_errors("nothing was revoked"):
        caches = _caches(clients, stack)
        now = _now(clients, table, stack)
    written: list[str] = []
    try:
        with _aws_errors("run the command again"):
            for entry in _entries(issuer, subjects, tokens, now):
                _write(clients, table, entry.item)
                written.append(entry.message)
    except RevokeError as error:
        raise RevokeError(" ".join((*written, f"Not everything was revoked; {error}"))) from None
    finally:
        if written:
            _flush(stack, caches, pause)
    return written


def _issuer(settings: StackSettings, name: str | None) -> str:
    """Return the issuer's name. Raises RevokeError for an unknown one, for which nothing would be revoked."""
    names = [issuer.name for issuer in settings.all_issuers]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        problem = "the stack has several issuers" if name is None else f"unknown issuer {name!r}"
        raise RevokeError(f"{problem}; --issuer must be one of: {', '.join(names)}")
    return name


def _keys(issuer: str, request: RevokeRequest) -> tuple[dict[str, str], dict[str, str]]:
    """Return the keys of the entries, by subject and by token id. Raises RevokeError if there are none."""
    if not request.subjects and not request.token_ids:
        raise RevokeError("nothing to revoke; pass --subject or --token-id")
    try:
        subjects = {subject: subject_key(issuer, subject) for subject in request.subjects}
        return subjects, {token_id: token_key(issuer, token_id) for token_id in request.token_ids}
    except ValueError as error:
        raise RevokeError(str(error)) from None


def _caches(clients: Clients, stack: DeployedStack) -> list[Flush]:
    name = stack.names.api
    try:
        caches = find_caches(clients.apigateway, clients.apigatewayv2, name, stack.names.stack)
    except LookupError as error:
        raise RevokeError(str(error)) from None
    if not caches:
        raise RevokeError(_not_found(f"API named {name}", stack))
    return caches


def _now(clients: Clients, table: str, stack: DeployedStack) -> int:
    """Return the time of AWS's clock; this machine's may be wrong. Raises RevokeError if the table does not exist."""
    try:
        response = clients.dynamodb.describe_table(TableName=table)
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        raise RevokeError(_not_found(f"table {table}", stack)) from None
    return int(parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp())


def _not_found(what: str, stack: DeployedStack) -> str:
    return f"there is no {what} in {stack.region}, in the account of these credentials: is the stack deployed?"


def _entries(issuer: str, subjects: Mapping[str, str], tokens: Mapping[str, str], now: int) -> Iterator[Entry]:
    """Yield the entries; `subjects` and `tokens` are their keys, by subject and by token id."""
    expiry = {EXPIRY: {"N": str(now + ENTRY_LIFETIME)}}
    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    for subject, key in subjects.items():
        message = f"Revoked every token that issuer {issuer} issued to {subject} until {moment}."
        yield Entry({KEY: {"S": key}, ISSUED_UNTIL: {"N": str(now)}, **expiry}, message)
    for token_id, key in tokens.items():
        yield Entry({KEY: {"S": key}, **expiry}, f"Revoked token {token_id} of issuer {issuer}.")


def _write(clients: Clients, table: str, item: dict[str, Any]) -> None:
    if ISSUED_UNTIL not in item:
        clients.dynamodb.put_item(TableName=table, Item=item)
        return
    # A later entry for the same subject, which another operator may have just written, includes this one.
    with suppress(clients.dynamodb.exceptions.ConditionalCheckFailedException):
        clients.dynamodb.put_item(
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(#until) OR #until <= :now",
            ExpressionAttributeNames={"#until": ISSUED_UNTIL},
            ExpressionAttributeValues={":now": item[ISSUED_UNTIL]},
        )


def _flush(stack: DeployedStack, caches: Sequence[Flush], pause: Callable[[float], None]) -> None:
    """Flush the cache twice: a decision that read the denylist before the write may be cached after the first flush."""
    seconds = stack.settings.authorizer.policy_cache
    with _aws_errors(f"the denylist was written, but API Gateway may use cached policies for {seconds} more seconds"):
        for flush in caches:
            flush()
        pause(stack.settings.revocation.timeout + MARGIN)
        for flush in caches:
            flush()


@contextmanager
def _aws_errors(consequence: str) -> Generator[None]:
    """Convert errors of AWS to RevokeError, with their consequence."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        reason = f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}"
        raise RevokeError(f"{consequence}: {reason}") from None
    except BotoCoreError as error:
        raise RevokeError(f"{consequence}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
