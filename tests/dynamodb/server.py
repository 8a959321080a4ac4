"""Run DynamoDB Local in memory, on loopback. Each pair of an access key and a region has a database."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import EndpointConnectionError

from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION, HOST, free_port
from local.processes import wait_until
from local.provider.connection import Connection
from tests.dynamodb.installation import installed

MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
READY_SECONDS = 60
_UNTIL_STDIN_CLOSES = '"$@" & cat >/dev/null; kill -KILL $!'
"""Runs a command until standard input is closed, which happens even if this process is killed."""
_POLICY = Path(__file__).with_name("loopback.policy")


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[str]:
    """Run the server until the context ends, and yield its URL. Its log is in the folder."""
    url, log = f"http://{HOST}:{(port := free_port())}", folder / "dynamodb-local.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", *_command(installed(), port)],
            cwd=folder, env={"PATH": os.environ["PATH"]}, stdin=subprocess.PIPE, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        answers = wait_until(lambda: _answers(url), seconds=READY_SECONDS)
        assert answers, f"no answer within {READY_SECONDS} seconds: {log.read_text()}"
        yield url
    finally:
        process.communicate()


def _command(installation: Path, port: int) -> list[str]:
    folders = (installation, installation / "DynamoDBLocal_lib")
    restricted = ("-Djava.security.manager", f"-Djava.security.policy=={_POLICY}")
    libraries = f"-Djava.library.path={os.pathsep.join(map(str, folders))}"
    classes = os.pathsep.join(f"{folder}/*" for folder in folders)
    options = ("-inMemory", "-disableTelemetry", "-port", str(port))
    return ["java", "-Xmx512m", *restricted, libraries, "-classpath", classes, MAIN, *options]


def _answers(url: str) -> bool:
    try:
        Connection(url, DEFAULT_REGION, DEFAULT_ACCOUNT).client("dynamodb").list_tables()
    except EndpointConnectionError:
        return False
    return True
