"""The arguments of `python -m local`."""

import pytest

from local.cli import main


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("up", "--port", "80"), "1024 to 65534"),
        (("up", "--port", "many"), "1024 to 65534"),
        (("up", "--engine", "other"), "argument --engine: invalid choice: 'other' (choose from "),
        (("up", "--engine", "other"), "pulumi"),
        (("token", "--alg", "none"), "ES256"),
        (("token", "--claim", "x"), "K=V"),
        (("token", "--ttl", "long"), "--ttl"),
        (("fly",), "fly"),
        ((), "COMMAND"),
    ],
)
def test_an_invalid_argument_is_reported_in_one_line_with_status_2(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("gatehouse: ")
    assert expected in line
