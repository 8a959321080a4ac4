"""The command line: which tables of which stack, from which restore point, and how."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from handlers.contract.discovery import load_collections
from infra import stack_file
from infra.interrupts import INTERRUPTED, interruptible
from infra.naming import REVOCATIONS, Names
from infra.packaging.bundles import ROOT
from infra.restore.compare import Mode
from infra.restore.errors import RestoreError
from infra.restore.point import Clients, PointInTime, parse_backup
from infra.restore.table_restore import Plan, TableRestore
from infra.revoke import print_lines
from infra.session import AccountError, DeployedStack
from infra.stack_file import SettingsError

MAX_SEGMENTS = 64


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Restore tables of a deployed stack; 0 on success, 1 on failure, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.restore",
        description="Restore a stack's tables. Without --apply, show what would change.",
        allow_abbrev=False,
    )
    parser.add_argument("--stack", required=True, help="the stack: dev, prod, …")
    stack_file.add_options(parser)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        stack = DeployedStack.read(root, options.stack, options.overrides)
        return run(options, stack.names, _clients(stack, options.segments))
    except (RestoreError, SettingsError, AccountError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1


def run(
    options: argparse.Namespace, names: Names, clients: Clients, pause: Callable[[float], None] | None = None
) -> int:
    """Carry out parsed arguments for the stack with these names. Raises RestoreError."""
    more = {} if pause is None else {"pause": pause}
    try:
        with interruptible():
            plan = plan_of(options)
            for table in tables(options, names):
                for line in TableRestore(table, plan, clients, _report, **more).run():
                    print_lines([line])
    except KeyboardInterrupt:
        sys.stderr.write("\ngatehouse: interrupted; run the same command again to continue\n")
        return INTERRUPTED
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `plan_of` and `tables` read."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--collection", action="append", default=[], metavar="NAME", help="restore its table; may be repeated"
    )
    which.add_argument("--all", action="store_true", help="restore the tables of all collections")
    which.add_argument("--revocations", action="store_true", help="put back entries of the list of revoked tokens")
    point = parser.add_mutually_exclusive_group(required=True)
    point.add_argument("--to", metavar="TIME", type=_time, help="the point in time: 2026-11-22T14:03:00Z")
    point.add_argument("--backup", metavar="ARN", help="the backup, or the recovery point of AWS Backup")
    parser.add_argument("--role", metavar="ARN", help="the role with which AWS Backup restores a recovery point")
    _add_modes(parser)
    _add_steps(parser)


def _add_modes(parser: argparse.ArgumentParser) -> None:
    modes = parser.add_mutually_exclusive_group()
    texts = {
        Mode.MISSING: "put back items that are gone (the default)",
        Mode.CHANGED: "also roll back items that were changed",
        Mode.EXACT: "also remove items that were added",
    }
    for mode, text in texts.items():
        modes.add_argument(f"--{mode.name.lower()}", dest="mode", action="store_const", const=mode, help=text)
    parser.set_defaults(mode=Mode.MISSING)


def _add_steps(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--check", action="store_true", help="only check whether the restore is possible")
    steps.add_argument("--apply", action="store_true", help="change the table")
    steps.add_argument("--discard", action="store_true", help="only delete the temporary table")
    parser.add_argument("--keep", action="store_true", help="keep the temporary table")
    segments = "parts of a table that are read at once (%(default)s)"
    parser.add_argument("--segments", type=_segments, default=4, metavar="N", help=segments)
    rate = "items that are read or written per second; unlimited by default"
    parser.add_argument("--rate", type=_rate, default=0.0, metavar="N", help=rate)


def plan_of(options: argparse.Namespace) -> Plan:
    """Return the plan of parsed arguments. Raises RestoreError."""
    if options.revocations and options.mode is not Mode.MISSING:
        raise RestoreError(
            "the list of revoked tokens can only be added to: a rollback would make revoked tokens valid"
        )
    if options.backup and (options.all or len(options.collection) > 1):
        raise RestoreError("a backup is of one table; choose its collection with --collection")
    return Plan(
        point=options.to or parse_backup(options.backup, options.role),
        mode=options.mode,
        check=options.check,
        apply=options.apply,
        discard=options.discard,
        keep=options.keep,
        segments=options.segments,
        rate=options.rate,
    )


def tables(options: argparse.Namespace, names: Names) -> Iterator[str]:
    """Yield the names of the tables that parsed arguments choose. Raises RestoreError for an unknown collection."""
    collections = [each.name for each in load_collections()]
    if unknown := [name for name in options.collection if name not in collections]:
        raise RestoreError(f"unknown collection {unknown[0]!r}; collections: {', '.join(collections)}")
    chosen = [REVOCATIONS] if options.revocations else options.collection or collections
    return map(names.resource, dict.fromkeys(chosen))


def _time(text: str) -> PointInTime:
    try:
        return PointInTime.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _segments(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_SEGMENTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"invalid number {text!r}: must be 1 to {MAX_SEGMENTS}")


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1 <= rate < float("inf"):
        raise argparse.ArgumentTypeError(f"invalid rate {text!r}: must be at least 1")
    return rate


def _report(line: str) -> None:
    sys.stderr.write(line + "\n")


def _clients(stack: DeployedStack, segments: int) -> Clients:
    if stack.settings.functions.architecture == "host" and "AWS_ENDPOINT_URL" not in os.environ:
        raise RestoreError(f"stack {stack.names.stack} runs on this machine; use `python -m local restore`")
    session = stack.session()
    config = client_config(segments)
    return Clients(session.client("dynamodb", config=config), session.client("backup", config=config))


def client_config(segments: int) -> Config:
    """Return how clients of AWS retry: they slow down while DynamoDB throttles them, and give up after minutes."""
    return Config(max_pool_connections=segments, retries={"mode": "adaptive", "total_max_attempts": 15})
