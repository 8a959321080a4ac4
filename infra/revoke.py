"""`python -m infra.revoke`: tokens, or every token that a subject has now, count no more from this moment on.

Whoever runs it needs dynamodb:DescribeTable and dynamodb:PutItem on the stack's table of revoked tokens,
apigateway:GET on /restapis and apigateway:DELETE on /restapis/{id}/stages/{stage}/cache/authorizers.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingTypeStubs]

from infra.configuration import ConfigurationError
from infra.revocation import Clients, RevokeFailed, Stack, Wish, revoke
from infra.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Revokes in a deployed stack; 0 if it did, 1 if it could not."""
    options = _parser().parse_args(arguments)
    import boto3  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  only a deployed stack needs a session

    try:
        stack = Stack.read(options.stack, dict(options.config))
        session: Any = boto3.Session(region_name=stack.region, profile_name=stack.profile)
        clients = Clients(session.client("dynamodb"), session.client("apigateway"))
        tell(revoke(stack, clients, wish_of(options)))
    except (ConfigurationError, RevokeFailed, SettingsError, BotoCoreError) as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
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
    return parser


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
