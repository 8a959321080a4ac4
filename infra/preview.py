"""`python -m infra.preview STACK…`: show what `pulumi up` would change, and reject the loss of data.

The Pulumi CLI computes the changes. It needs its usual environment: a backend, the passphrase or key of its secrets,
and AWS credentials, for which reading is enough.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from infra.branches import base_of
from infra.changes import SECRET_MARK, as_text, losses
from infra.changes.comment import StackChanges, comment
from infra.changes.pulumi_preview import PreviewError, read, settings


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the project in a folder."""

    name: str
    folder: str = "."

    @classmethod
    def parse(cls, text: str) -> "Stack":
        """Parse `prod`, or `infra/account:main` for a stack of a project in another folder."""
        folder, _, name = text.rpartition(":")
        if not name or text.startswith("-"):
            raise argparse.ArgumentTypeError(f"invalid stack {text!r}: must have the form NAME or FOLDER:NAME")
        return cls(name, folder or ".")

    def __str__(self) -> str:
        return self.name if self.folder == "." else f"{self.folder}:{self.name}"

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command of the CLI for this stack."""
        command = ["pulumi", *arguments, "--cwd", self.folder, "--stack", self.name, "--json", "--non-interactive"]
        if base := base_of(Path(self.folder), self.name):
            command += ["--config-file", f"Pulumi.{base}.yaml"]
        return subprocess.run(command, capture_output=True, check=False)


def preview(stack: Stack) -> StackChanges:
    """Return what `pulumi up` would change, or why that is not known."""
    done = stack.pulumi("preview")
    if not done.stdout:
        return StackChanges(str(stack), errors=(done.stderr.decode(errors="replace").strip(),))
    try:
        found = read(str(stack), done.stdout, _secrets(stack, settings(done.stdout)))
    except PreviewError as error:
        return StackChanges(str(stack), errors=(str(error),))
    if done.returncode and not found.errors:
        return StackChanges(str(stack), found.changes, (f"`pulumi preview` ended with status {done.returncode}",))
    return found


def _secrets(stack: Stack, masked: Mapping[str, str]) -> set[str]:
    """Return the secret values in a stack's settings, given the settings with these masked. Raises PreviewError."""
    if not any(SECRET_MARK in text for text in masked.values()):
        return set()
    done = stack.pulumi("config", "--show-secrets")
    if done.returncode:
        raise PreviewError(done.stderr.decode(errors="replace").strip())
    revealed = json.loads(done.stdout)
    pairs = ((_parsed(text), _parsed(revealed[key]["value"])) for key, text in masked.items() if SECRET_MARK in text)
    return {secret for mask, value in pairs for secret in _unmasked(mask, value)}


def _parsed(text: str) -> Any:
    """Return the value of JSON that a setting contains, or the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unmasked(mask: Any, value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a value where the other one is masked."""
    if mask == SECRET_MARK and not isinstance(value, dict | list):
        yield str(value)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            yield from _unmasked(mask if mask == SECRET_MARK else mask[name], item)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _unmasked(mask if mask == SECRET_MARK else mask[index], item)


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview stacks and return the exit status: 1 if a preview failed, or if data would be lost."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.stacks and not options.read:
        parser.error("a STACK or --read FILE is required")
    try:
        found = [preview(stack) for stack in options.stacks]
        found += [read(file.stem, file.read_bytes()) for file in options.read]
    except PreviewError as error:
        return _fail(str(error))
    except FileNotFoundError as error:
        return _fail(f"not found: {error.filename}")
    for each in found:
        changes = "the preview failed" if each.errors and not each.changes else as_text(each.changes)
        sys.stdout.write(f"{each.stack}\n{changes}\n\n")
        for error in each.errors:
            sys.stderr.write(f"{each.stack}: {error}\n")
    if options.markdown:
        try:
            options.markdown.write_text(comment(found, options.commit))
        except OSError as error:
            return _fail(f"cannot write {options.markdown}: {error.strerror}")
    if any(each.errors for each in found):
        return _fail("the preview failed")
    if any(losses(each.changes) for each in found) and not options.allow_data_loss:
        return _fail("data would be lost; if that is intended, pass --allow-data-loss")
    return 0


def _fail(reason: str) -> int:
    sys.stderr.write(f"gatehouse: {reason}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.preview", description="Show what `pulumi up` would change.")
    parser.add_argument("stacks", nargs="*", type=Stack.parse, metavar="STACK",
                        help="dev, prod, …, or FOLDER:NAME for a stack of another project")  # fmt: skip
    parser.add_argument("--read", type=Path, action="append", default=[], metavar="FILE",
                        help="read the output of `pulumi preview --json` instead of running it; secret settings that "
                             "the program passes on are not masked")  # fmt: skip
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write a comment for a pull request")
    parser.add_argument("--commit", default="", metavar="SHA", help="the commit that the comment names")
    parser.add_argument("--allow-data-loss", action="store_true", help="do not fail if data would be lost")
    return parser


if __name__ == "__main__":
    sys.exit(main())
