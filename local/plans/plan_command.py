"""The command `python -m local plan` and its forms."""

import argparse
import json
import sys
from collections.abc import Iterable

from handlers.contract import load_collections, routes
from infra import stack_file
from infra.changes import as_markdown, as_text, losses
from infra.changes.renderings import code
from infra.packaging.bundles import ROOT
from local.console import CONSOLE, AddCommand, CommandError
from local.deploy import DEFAULT_STACK
from local.plans.against import NOT_COMPARED, changes_since
from local.plans.architecture import Architecture
from local.plans.diagram import draw
from local.plans.permissions import explain
from local.plans.plan import count, example, plan, records, tree
from local.plans.stack_differences import differences, issuers_of


def add(add_command: AddCommand) -> None:
    """Add the command to the command line."""
    command = add_command("plan", show_plan, "print a stack's resources; needs no network, credentials or emulator")
    command.add_argument("--stack", type=stack_name, help=f"dev, prod, local, … ({DEFAULT_STACK})")
    output = command.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument("--iam", action="store_true", help="print who may do what, in words")
    output.add_argument("--mermaid", action="store_true", help="print a diagram of the resources")
    output.add_argument("--diff", nargs=2, type=stack_name, metavar="STACK", help="print how two stacks differ")
    output.add_argument("--against", metavar="REF", help="print how the plan differs from that of another commit")
    command.add_argument("--markdown", action="store_true", help="print the differences as Markdown")
    command.add_argument("--allow-data-loss", action="store_true", help="do not fail if the changes would lose data")
    stack_file.add_options(command)


def show_plan(options: argparse.Namespace) -> int:
    """Print the resources of a stack without creating them, or what an option asks for instead."""
    stack, overrides = options.stack or DEFAULT_STACK, options.overrides
    if options.against:
        return _show_difference(stack, options)
    if options.markdown or options.allow_data_loss:
        raise CommandError("--markdown and --allow-data-loss need --against")
    if options.diff and options.stack:
        raise CommandError("--stack has no effect with --diff, which names two stacks")
    if options.diff:
        one, other = options.diff
        _print(differences(ROOT, one, other, overrides))
    elif options.iam:
        _print(explain(Architecture(example(ROOT, stack, overrides)), routes(load_collections())))
    elif options.mermaid:
        _print(draw(Architecture(example(ROOT, stack, overrides)), issuers_of(ROOT, stack, overrides)))
    elif options.json:
        _print([json.dumps(records(plan(ROOT, stack, overrides)), indent=2)])
    else:
        deployment = plan(ROOT, stack, overrides)
        CONSOLE.print(tree(deployment))
        CONSOLE.print(f"\n{count(deployment)}")
    return 0


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _show_difference(stack: str, options: argparse.Namespace) -> int:
    changes = changes_since(ROOT, options.against, stack, options.overrides)
    if options.markdown:
        heading = f"### {code(stack)}: plan compared with {code(options.against)}"
        sys.stdout.write(f"{heading}\n\n{as_markdown(changes)}\n\n{NOT_COMPARED}\n\n")
    else:
        sys.stdout.write(f"{as_text(changes)}\n")
    if losses(changes) and not options.allow_data_loss:
        raise CommandError("data would be lost; if that is intended, pass --allow-data-loss")
    return 0


def stack_name(text: str) -> str:
    """Return the argument, or report that it cannot be the name of a stack."""
    if text and "/" not in text:
        return text
    raise argparse.ArgumentTypeError(f"invalid stack name {text!r}")
