"""A cold start of an authorizer: from the process's start to its first decision, over Lambda's own runtime client.

Lambda's runtime interface is on loopback, and so is the key set, over https as an issuer's is.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, cast

from authorizer.settings import FILE_NAME, Settings, dump
from handlers.contract import load_collections, routes
from infra.authorizer import AuthorizerArgs, authorizer_bundle
from infra.bundles import Target, archive
from infra.checks import route_scopes
from infra.naming import Names
from infra.settings import StackSettings
from tests.bench.key_set import KeySet
from tests.bench.programs import FOLDER, installed, pinned, runtime_client
from tests.unit.authorizer.provider import AUDIENCE, URL, event, issuer, token

ROUNDS = 15
DEADLINE = 30.0
"""Seconds after which a cold start counts as failed."""

START = """
import sys
sys.path[:0] = sys.argv[3:]
from awslambdaric.bootstrap import run
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient
run(sys.argv[1], LambdaRuntimeClient(sys.argv[2], False))
"""

RECIPE_HANDLER = f"""
import os

import jwt

client = jwt.PyJWKClient(os.environ["KEY_URL"])


def handler(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    key = client.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="{AUDIENCE}", issuer="{URL}")
    statement = {{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}}
    document = {{"Version": "2012-10-17", "Statement": [statement]}}
    return {{"principalId": claims["sub"], "policyDocument": document}}
"""
"""An authorizer as PyJWT's documentation shows it: `PyJWKClient` and `decode`."""

RECIPE = "the recipe, source"
RECIPE_COMPILED = "the recipe, compiled by pip"
OURS = "gatehouse, source"
OURS_COMPILED = "gatehouse, compiled"


@dataclass(frozen=True)
class Function:
    """What is started: `handler` as Lambda names it, and the folder that it is imported from."""

    handler: str
    folder: Path


def milliseconds(keys: KeySet) -> dict[str, list[float]]:
    """How long each function's first decision took, round by round: one after the other in each."""
    functions = {
        RECIPE: recipe("--no-compile"),
        RECIPE_COMPILED: recipe(),
        OURS: ours(keys, compiled=False),
        OURS_COMPILED: ours(keys, compiled=True),
    }
    now = int(time.time())
    asked = event(token("RS256", iat=now, exp=now + 3600))
    for function in functions.values():
        cold_start(function, asked, keys)
    rounds = [{name: cold_start(each, asked, keys) for name, each in functions.items()} for _ in range(ROUNDS)]
    return {name: [1000 * each[name] for each in rounds] for name in functions}


def relative(times: Mapping[str, list[float]]) -> dict[str, float]:
    """Of each function, its time to the recipe's in the same round: the median of all rounds."""
    return {
        name: median(each / recipe for each, recipe in zip(taken, times[RECIPE], strict=True))
        for name, taken in times.items()
    }


def ours(keys: KeySet, *, compiled: bool) -> Function:
    """The authorizer, from the files of its bundle, with the key set's address in its settings."""
    known = issuer(key_url=keys.url, algorithms=("RS256", "ES256", "EdDSA"))
    names, shipped = Names("gatehouse", "bench"), routes(load_collections())
    settings = StackSettings(issuers=(issuer(),), compiled_files=compiled)
    arguments = AuthorizerArgs(names=names, routes=shipped, target=Target.of("host"), settings=settings)
    bundle = Path(archive(authorizer_bundle(arguments)).path)
    folder = FOLDER / bundle.stem
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(bundle) as unpacked:
        unpacked.extractall(folder)
    told = Settings(project=names.project, stack=names.stack, issuers=(known,), routes=route_scopes(shipped))
    (folder / "authorizer" / FILE_NAME).write_bytes(dump(told))
    return Function("authorizer.handler.handler", folder)


def recipe(*options: str) -> Function:
    """The recipe, with its packages as pip installs them. Lambda's documentation advises against compiled files."""
    name = "recipe-authorizer-source" if options else "recipe-authorizer"
    folder = installed(name, "PyJWT", pinned("cryptography"), *options)
    (folder / "recipe.py").write_text(RECIPE_HANDLER)
    return Function("recipe.handler", folder)


def cold_start(function: Function, asked: Mapping[str, Any], keys: KeySet) -> float:
    """Seconds from the process's start until it has posted its decision."""
    with _runtime_interface(asked) as interface:
        # -B: what Lambda unpacks is read-only, so sources are compiled at every cold start.
        command = [sys.executable, "-I", "-S", "-B", "-c", START, function.handler, interface.address]
        started = time.perf_counter()
        process = subprocess.Popen(
            [*command, str(function.folder), str(runtime_client())],
            env={
                "PATH": os.defpath,
                "AWS_LAMBDA_FUNCTION_NAME": "bench",
                "AWS_LAMBDA_RUNTIME_API": interface.address,
                "SSL_CERT_FILE": str(keys.authorities),
                "KEY_URL": keys.url,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            interface.answered.wait(DEADLINE)
        finally:
            process.kill()
            _, errors = process.communicate()
    if "policyDocument" not in interface.answer:
        raise RuntimeError(f"{function.handler}: {interface.answer}\n{errors.decode()}")
    return interface.ended - started


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def interface(self) -> "_RuntimeInterface":
        return cast("_RuntimeInterface", self.server)

    def do_GET(self) -> None:
        """The event; after it there is none, until the process is ended."""
        if self.interface.given.is_set():
            self.interface.over.wait(DEADLINE)
            self.close_connection = True
            return
        self.interface.given.set()
        self._say(self.interface.asked, {
            "Lambda-Runtime-Aws-Request-Id": "1",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 10) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:bench",
        })  # fmt: skip

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.interface.ended = time.perf_counter()
        self.interface.answer = json.loads(body)
        self.interface.answered.set()
        self._say({}, {})

    def _say(self, document: Any, headers: Mapping[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        # The runtime client ends without a word where there is no content type.
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Says nothing."""


class _RuntimeInterface(ThreadingHTTPServer):
    """Lambda's runtime interface for one process."""

    daemon_threads = True

    def __init__(self, asked: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.given, self.answered, self.over = threading.Event(), threading.Event(), threading.Event()
        self.asked = asked
        self.answer: Any = "no answer"
        self.ended = 0.0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that is ended closes its connections."""


@contextmanager
def _runtime_interface(asked: Mapping[str, Any]) -> Iterator[_RuntimeInterface]:
    with _RuntimeInterface(asked) as interface:
        thread = threading.Thread(target=interface.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield interface
        finally:
            interface.over.set()
            interface.shutdown()
            thread.join()
