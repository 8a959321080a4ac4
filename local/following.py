"""Following a growing file: what functions log, as they log it."""

from collections.abc import Iterator
from pathlib import Path


class Follower:
    """Reads the lines that are added to a file; one that is not there yet has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._rest = ""

    def lines(self) -> Iterator[str]:
        """The whole lines that have come since the last call."""
        try:
            with self._path.open(errors="replace") as file:
                file.seek(self._position)
                text = self._rest + file.read()
                self._position = file.tell()
        except FileNotFoundError:
            return
        *whole, self._rest = text.split("\n")
        yield from whole
