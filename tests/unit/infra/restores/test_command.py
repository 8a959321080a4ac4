"""The arguments of `python -m infra.restore`, and how errors are reported."""

import argparse
import signal
from typing import Any

import pytest

from infra.naming import Names
from infra.restore import command
from infra.restore.compare import Mode
from infra.restore.errors import RestoreError
from infra.restore.point import Clients

POINT = ("--to", "2026-11-22T14:03:00Z")
BACKUP = ("--backup", "arn:aws:dynamodb:us-east-1:000000000000:table/gatehouse-dev-items/backup/01-1")
DEV = ("--stack", "dev")


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--collection", "items", "--collection", "events", "--collection", "items"), ["items", "events"]),
        (("--all",), ["events", "items", "users"]),
        (("--revocations",), ["authorizer-revocations"]),
    ],
)
def test_the_tables_are_those_of_the_stack(arguments: tuple[str, ...], expected: list[str]) -> None:
    found = command.tables(parsed(*arguments, *POINT), Names("gatehouse", "dev"))
    assert sorted(found) == sorted(f"gatehouse-dev-{name}" for name in expected)


def test_the_default_is_to_show_what_is_missing() -> None:
    plan = command.plan_of(parsed("--all", *POINT))
    assert (plan.mode, plan.apply, plan.keep, plan.rate) == (Mode.MISSING, False, False, 0)


@pytest.mark.parametrize("mode", Mode)
def test_each_mode_has_an_option(mode: Mode) -> None:
    assert command.plan_of(parsed("--all", *POINT, f"--{mode.name.lower()}")).mode is mode


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--revocations", *POINT, "--changed"), "the list of revoked tokens can only be added to"),
        (("--revocations", *POINT, "--exact", "--apply"), "the list of revoked tokens can only be added to"),
        (("--all", *BACKUP), "a backup is of one table"),
        (("--collection", "items", "--collection", "users", *BACKUP), "a backup is of one table"),
        (("--collection", "items", "--backup", "x"), "invalid backup 'x'"),
        (("--collection", "none", *POINT), "unknown collection 'none'; collections: "),
    ],
)
def test_an_invalid_request_calls_nothing(arguments: tuple[str, ...], expected: str) -> None:
    with pytest.raises(RestoreError, match=expected):
        command.run(parsed(*arguments), Names("gatehouse", "dev"), Clients(None, None))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--all",),
        ("--to", "2026-11-22T14:03:00Z"),
        ("--all", "--collection", "items", *POINT),
        ("--all", *POINT, *BACKUP),
        ("--all", "--to", "2026-11-22T14:03:00"),
        ("--all", *POINT, "--missing", "--exact"),
        ("--all", *POINT, "--apply", "--discard"),
        ("--all", *POINT, "--segments", "0"),
        ("--all", *POINT, "--rate", "0"),
        ("--all", *POINT, "--rate", "nan"),
        ("--all", *POINT, "--app"),
    ],
)
def test_invalid_arguments_have_their_own_exit_status(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main([*DEV, *arguments])
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stack", "expected"),
    [("local", "runs on this machine; use `python -m local restore`"), ("none", "Pulumi.none.yaml: no such file")],
)
def test_a_wrong_stack_is_reported_in_one_line(
    stack: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert command.main(["--stack", stack, "--all", *POINT]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert expected in printed.err


def test_ctrl_c_says_how_to_continue(capsys: pytest.CaptureFixture[str]) -> None:
    """Also in `python -m local restore`, where it otherwise simply ends the process."""

    class Interrupted:
        """A client that is interrupted at once."""

        def __getattr__(self, name: str) -> Any:
            signal.raise_signal(signal.SIGINT)
            raise AttributeError(name)

    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        found = command.run(parsed("--all", *POINT), Names("gatehouse", "dev"), Clients(Interrupted(), None))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)
    assert found == 130
    assert capsys.readouterr().err == "\ngatehouse: interrupted; run the same command again to continue\n"
