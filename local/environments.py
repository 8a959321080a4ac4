"""The project's virtual environments: made when missing, filled from pinned requirements, refilled when those change.

Run as a script by the Makefile, before any package is installed and by whatever Python the machine has, so this file
needs the standard library only and keeps to syntax that an old Python can read far enough to be refused.
"""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = ".installed"

PROGRAM = (".venv", os.path.join("local", "requirements.txt"))
TESTS = (".venv", os.path.join("tests", "requirements.txt"))
EMULATOR = (".venv-emulator", os.path.join("local", "emulator", "requirements.txt"))
"""Each environment's folder and the requirements that fill it; TESTS adds to PROGRAM in the same folder."""

NEEDED = (3, 11)


class EnvironmentFailed(Exception):
    """An environment could not be made; the message is one line that says what to do."""


def python_of(folder):
    # type: (str) -> str
    """The interpreter of an environment."""
    return os.path.join(ROOT, folder, "bin", "python")


def is_ready(environment):
    # type: (tuple[str, str]) -> bool
    """Whether the environment is there and holds what its requirements name."""
    folder, requirements = environment
    stamp = _stamp(folder, requirements)
    if not (os.path.exists(stamp) and os.path.exists(python_of(folder))):
        return False
    with open(stamp) as file:
        return file.read() == _digest(requirements)


def ensure(environment, say=print):
    # type: (tuple[str, str], object) -> None
    """Makes the environment ready. Raises EnvironmentFailed."""
    if sys.version_info < NEEDED:
        raise EnvironmentFailed("Python %d.%d or later is needed, this is %d.%d" % (NEEDED + sys.version_info[:2]))
    if is_ready(environment):
        return
    folder, requirements = environment
    say("Installing the packages of %s into %s (once)" % (requirements, folder))
    if not os.path.exists(python_of(folder)):
        _run([sys.executable, "-m", "venv", os.path.join(ROOT, folder)], "%s could not be made" % folder)
    pip = [python_of(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run(pip + ["--requirement", os.path.join(ROOT, requirements)], "%s could not be installed" % requirements)
    with open(_stamp(folder, requirements), "w") as file:
        file.write(_digest(requirements))


def _stamp(folder, requirements):
    # type: (str, str) -> str
    return os.path.join(ROOT, folder, "%s-%s" % (STAMP, os.path.dirname(requirements).replace(os.sep, "-")))


def _digest(requirements):
    # type: (str) -> str
    with open(os.path.join(ROOT, requirements), "rb") as file:
        return hashlib.sha256(sys.version.encode() + file.read()).hexdigest()


def _run(command, failure):
    # type: (list[str], str) -> None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        reason = next((line for line in lines if "Connection" in line or "Temporary failure" in line), None)
        if reason is not None:
            raise EnvironmentFailed("%s: the package index cannot be reached; check the network and run it again" % failure)
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "")
        raise EnvironmentFailed("%s: %s" % (failure, reason))


def main(arguments):
    # type: (list[str]) -> int
    """`environments.py program|tests|emulator …`: makes each ready."""
    known = {"program": PROGRAM, "tests": TESTS, "emulator": EMULATOR}
    try:
        for name in arguments:
            ensure(known[name])
    except EnvironmentFailed as failed:
        sys.stderr.write("gatehouse: %s\n" % failed)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
