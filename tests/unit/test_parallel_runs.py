"""Which tests of a parallel run are in one process."""

import pytest

from tests.conftest import run_together


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/e2e/test_api.py::test_an_item_is_created[rest]", "rest"),
        ("tests/e2e/test_walkthroughs.py::TestConcurrency::test_creations[rest-items]", "rest"),
        ("tests/e2e/test_api.py::test_an_unknown_path_is_404[http-GET-/items/a::b]", "http"),
        ("tests/e2e/test_commands.py::test_a_port_in_use", "tests/e2e/test_commands.py"),
        ("tests/e2e/emulator/test_corrections.py::test_it[http-events]", "tests/e2e/emulator/test_corrections.py"),
        ("tests/graph/test_edge.py::TestEndpoints::test_it[rest]", "tests/graph/test_edge.py"),
    ],
)
def test_those_of_a_file_or_of_a_shared_stack_are(test: str, expected: str) -> None:
    assert run_together(test) == expected
