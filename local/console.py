"""What all commands share: the console, errors, and how a command is added to the command line."""

import argparse
from collections.abc import Callable
from typing import Any

from rich.console import Console

CONSOLE = Console(soft_wrap=True, highlight=False, width=1000)
"""The console. It breaks no lines, and the width keeps it from cutting off those of a tree at the terminal's edge."""

AddCommand = Callable[[str, Any, str], argparse.ArgumentParser]
"""Adds a command with this name, function and description, and returns its parser."""


class CommandError(Exception):
    """A command failed; the message is one line that says why."""
