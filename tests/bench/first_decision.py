"""Cold starts of authorizers: from the start of the process to its first decision, with Lambda's runtime client.

Lambda's runtime interface and the key set are on loopback; the key set is fetched over https, as from an issuer.
"""

import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from authorizer.settings import DeploymentSettings, dump
from authorizer.settings_file import FILE_NAME
from handlers.contract import load_collections, routes
from infra.authorizer.authorizer import authorizer_bundle
from infra.naming import Names
from infra.packaging.bundles import Target, archive
from infra.settings import StackSettings, route_scopes
from tests.bench import lambda_runtime
from tests.bench.key_set import KeySet
from tests.bench.lambda_runtime import Program
from tests.bench.programs import FOLDER, installed, pinned, runtime_client
from tests.bench.rounds import Times, interleaved
from tests.unit.authorizer.provider import AUDIENCE, URL, event, issuer, token

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
GATEHOUSE = "gatehouse, source"
GATEHOUSE_COMPILED = "gatehouse, compiled"


def seconds(keys: KeySet) -> Times:
    """Return the seconds until each function's first decision."""
    functions = {
        RECIPE: recipe("--no-compile"),
        RECIPE_COMPILED: recipe(),
        GATEHOUSE: gatehouse(keys, compiled=False),
        GATEHOUSE_COMPILED: gatehouse(keys, compiled=True),
    }
    now = int(time.time())
    request = event(token("RS256", iat=now, exp=now + 3600))
    return interleaved({name: partial(cold_start, each, request, keys) for name, each in functions.items()})


def gatehouse(keys: KeySet, *, compiled: bool) -> Program:
    """Return the authorizer, from the files of its bundle, with the key set's URL in its settings."""
    trusted = issuer(key_url=keys.url, algorithms=("RS256", "ES256", "EdDSA"))
    names, shipped = Names("gatehouse", "bench"), routes(load_collections())
    data = StackSettings(issuers=(issuer(),)).for_authorizer(names, shipped)
    bundle = Path(archive(authorizer_bundle(data, Target.of("host"), compiled=compiled)).path)
    folder = FOLDER / bundle.stem
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(bundle) as unpacked:
        unpacked.extractall(folder)
    deployed = DeploymentSettings(
        project=names.project, stack=names.stack, issuers=(trusted,), routes=route_scopes(shipped)
    )
    (folder / "authorizer" / FILE_NAME).write_bytes(dump(deployed))
    return Program("authorizer.handler.handler", (folder, runtime_client()))


def recipe(*options: str) -> Program:
    """Return the recipe as pip installs it. Lambda's documentation advises against compiled files."""
    name = "recipe-authorizer-source" if options else "recipe-authorizer"
    folder = installed(name, "PyJWT", pinned("cryptography"), *options)
    (folder / "recipe.py").write_text(RECIPE_HANDLER)
    return Program("recipe.handler", (folder, runtime_client()))


def cold_start(program: Program, request: Mapping[str, Any], keys: KeySet) -> float:
    """Return the seconds from the start of the process until it has posted its decision."""
    environment = {"SSL_CERT_FILE": str(keys.authorities), "KEY_URL": keys.url}
    return lambda_runtime.cold_start(replace(program, environment=environment), request, ("policyDocument", None))
