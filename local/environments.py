"""The project's virtual environments: made when missing, filled from pinned requirements, refilled when those change.

Run as a script by the Makefile, before any package is installed and by whatever Python the machine has: so this file
needs the standard library only, and keeps to syntax that an older Python can read far enough to be refused.
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple  # noqa: UP035  an older Python has to read this file

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (3, 11)

Environment = Tuple[str, str]  # noqa: UP006  as above
"""An environment's folder, and the requirements that it has to hold."""

PROGRAM = (".venv", "local/requirements.txt")
TESTS = (".venv", "tests/requirements.txt")
EMULATOR = (".venv-emulator", "local/emulator/requirements.txt")
KNOWN: Dict[str, Environment] = {"program": PROGRAM, "tests": TESTS, "emulator": EMULATOR}  # noqa: UP006  as above
"""The environments by the Makefile's names. What the tests need is added to what the program needs."""


class EnvironmentFailed(Exception):
    """An environment could not be made; the message is one line that says what to do."""


def python_of(environment: Environment) -> Path:
    """The interpreter of an environment."""
    return ROOT / environment[0] / "bin" / "python"


def is_ready(environment: Environment) -> bool:
    """Whether the environment is there and holds what its requirements name."""
    stamp = _stamp(environment)
    if python_of(environment).exists() and stamp.exists() and stamp.read_text() == _digest(environment):
        return True
    return environment == PROGRAM and is_ready(TESTS)


def say_now(text: str) -> None:
    """Prints at once, also into a file."""
    print(text, flush=True)  # noqa: T201


def ensure(environment: Environment, say: "Callable[[str], object]" = say_now) -> None:
    """Makes the environment ready. Raises EnvironmentFailed."""
    if sys.version_info < NEEDED:
        found, needed = _dotted(sys.version_info[:2]), _dotted(NEEDED)
        raise EnvironmentFailed(
            f"Python {needed} or later is needed, this is {found}; try `make PYTHON=python{needed}`"
        )
    if is_ready(environment):
        return
    folder, requirements = environment
    say(f"Installing the packages of {requirements} into {folder} (about half a minute)")
    if not python_of(environment).exists():
        _run([sys.executable, "-m", "venv", str(ROOT / folder)], f"{folder} could not be made")
    pip = [str(python_of(environment)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "--requirement", str(ROOT / requirements)], f"{requirements} could not be installed")
    _stamp(environment).write_text(_digest(environment))


def _dotted(version: "Tuple[int, ...]") -> str:  # noqa: UP006  as above
    return ".".join(str(part) for part in version)


def _stamp(environment: Environment) -> Path:
    folder, requirements = environment
    return ROOT / folder / f".installed-{Path(requirements).parent.name}"


def _digest(environment: Environment) -> str:
    """Of the interpreter that the environment was made with, and of what it has to hold."""
    described = (ROOT / environment[0] / "pyvenv.cfg").read_bytes()
    return hashlib.sha256(described + (ROOT / environment[1]).read_bytes()).hexdigest()


def _run(command: "List[str]", failure: str) -> None:  # noqa: UP006  as above
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise EnvironmentFailed(f"{failure}: {reason_of(done.stdout.decode('utf-8', 'replace'))}")


def reason_of(output: str) -> str:
    """The line of an installer's output that says why it failed, or what to do where that is known."""
    lines = output.strip().splitlines() or ["nothing was printed"]
    # An index that does not answer looks to pip like one that has no version of anything.
    if any(sign in line.lower() for line in lines for sign in ("connection", "name resolution", "from versions: none")):
        return "the package index cannot be reached; check the network and run the same command again"
    return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])


def main(names: "List[str]") -> int:  # noqa: UP006  as above
    """`environments.py program|tests|emulator …`: makes each ready; 1 if one could not be made, 2 if one is unknown."""
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        sys.stderr.write(f"gatehouse: no environment {', '.join(unknown)}; allowed are {', '.join(KNOWN)}\n")
        return 2
    try:
        for name in names:
            ensure(KNOWN[name])
    except EnvironmentFailed as failed:
        sys.stderr.write(f"gatehouse: {failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
