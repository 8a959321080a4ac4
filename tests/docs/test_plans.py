"""The documented output of `python -m local plan` is what the command prints."""

import shlex
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import pytest

import local.cli
from tests.docs.pages import Block, blocks


@cache
def output_of(command: str) -> str:
    with redirect_stdout(StringIO()) as output:
        assert local.cli.main(shlex.split(command)) == 0
    return output.getvalue()


@pytest.mark.parametrize("block", [each for each in blocks("text") if each.kind == "plan"], ids=str)
def test_a_plan_prints_what_the_page_shows(block: Block) -> None:
    assert block.text
    assert block.text in output_of(block.label)
