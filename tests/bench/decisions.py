"""Decisions per second: the authorizer and other libraries, relative to verifying only the signature.

Every contestant validates the same hundred tokens of one issuer and client in turn, each with another subject.
"""

import gc
import os
import ssl
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from joserfc import jwt as joserfc_jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import import_key

from authorizer.settings import DecisionCacheSettings, DeploymentSettings
from authorizer.token import parse
from tests.bench.key_set import KeySet
from tests.unit.authorizer.provider import AUDIENCE, URL, Provider, authorizer, event, jwk, private_key, settings, token

ALGORITHMS = ("RS256", "ES256", "EdDSA")
TOKENS = 100
ROUNDS = 21
SLICE = 0.05
"""Seconds that a contestant runs in one round, short enough for an equal load on the machine during a round."""

Contestant = Callable[[], object]
"""Validates all tokens once."""

BARE = "bare verify()"
GATEHOUSE = "gatehouse"
GATEHOUSE_LOGGED = "gatehouse, logging"
CACHED = "gatehouse, cached"
CACHED_LOGGED = "gatehouse, cached, logging"
DECODE = "PyJWT decode, key at hand"
RECIPE = "PyJWT + PyJWKClient, warm"
JOSERFC = "joserfc"


def ratios(algorithm: str, keys: KeySet) -> dict[str, float]:
    """Return each contestant's speed relative to that of bare signature checks: medians of all rounds."""
    with contestants(algorithm, keys) as running, _frozen_garbage_collector():
        for contestant in running.values():
            contestant()
        rounds = [{name: _rate(contestant) for name, contestant in running.items()} for _ in range(ROUNDS)]
    return {name: median(each[name] / each[BARE] for each in rounds) for name in running}


@contextmanager
def contestants(algorithm: str, keys: KeySet) -> Iterator[dict[str, Contestant]]:
    """Return all contestants by name, with warm caches."""
    now = int(time.time())
    texts = [token(algorithm, sub=f"user-{i}", jti=f"token-{i}", iat=now, exp=now + 3600) for i in range(TOKENS)]
    with open(os.devnull, "wb") as nowhere, warnings.catch_warnings():  # noqa: PTH123  not a path
        warnings.simplefilter("ignore", SecurityWarning)  # joserfc warns about the name EdDSA (RFC 9864)

        def emit(line: bytes) -> None:
            os.write(nowhere.fileno(), line)

        never = DecisionCacheSettings(seconds=0)
        yield {
            BARE: _bare(algorithm, texts),
            GATEHOUSE: _gatehouse(settings(log_decisions=False, decision_cache=never), texts, emit),
            GATEHOUSE_LOGGED: _gatehouse(settings(decision_cache=never), texts, emit),
            CACHED: _gatehouse(settings(log_decisions=False), texts, emit),
            CACHED_LOGGED: _gatehouse(settings(), texts, emit),
            DECODE: _decode(algorithm, texts),
            RECIPE: _recipe(algorithm, texts, keys),
            JOSERFC: _joserfc(algorithm, texts),
        }


@contextmanager
def _frozen_garbage_collector() -> Iterator[None]:
    """Hide the objects of the tests from the garbage collector, because a function's process has few objects."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _rate(contestant: Contestant) -> float:
    """Return turns per second of this thread's CPU time."""
    turns, started = 0, time.thread_time()
    while (passed := time.thread_time() - started) < SLICE:
        contestant()
        turns += 1
    return turns / passed


def _each(function: Callable[..., object], arguments: Iterable[tuple[Any, ...]]) -> Contestant:
    calls = list(arguments)

    def contestant() -> None:
        for each in calls:
            function(*each)

    return contestant


def _bare(algorithm: str, texts: Iterable[str]) -> Contestant:
    """Return a contestant that only calls `public_key.verify()`, with parsed signatures."""
    public = private_key(algorithm).public_key()
    extra: Mapping[str, tuple[Any, ...]] = {
        "RS256": (padding.PKCS1v15(), hashes.SHA256()),
        "ES256": (ec.ECDSA(hashes.SHA256()),),
        "EdDSA": (),
    }
    parsed = [parse(text) for text in texts]
    signed = [(_der(each.signature) if algorithm == "ES256" else each.signature, each.signing_input) for each in parsed]
    return _each(public.verify, ((*each, *extra[algorithm]) for each in signed))


def _der(signature: bytes) -> bytes:
    return utils.encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def _gatehouse(made: DeploymentSettings, texts: Iterable[str], emit: Callable[[bytes], None]) -> Contestant:
    """Return the whole authorizer, from the gateway's event to the policy."""
    return _each(authorizer(made, Provider().fetch, emit=emit), ((event(text),) for text in texts))


def _decode(algorithm: str, texts: Iterable[str]) -> Contestant:
    key = jwt.PyJWK(jwk(algorithm), algorithm)

    def check(text: str) -> object:
        return jwt.decode(text, key, algorithms=[algorithm], audience=AUDIENCE, issuer=URL)

    return _each(check, ((text,) for text in texts))


def _recipe(algorithm: str, texts: Iterable[str], keys: KeySet) -> Contestant:
    """Return the recipe of PyJWT's documentation, with a cached key set."""
    client = jwt.PyJWKClient(keys.url, ssl_context=ssl.create_default_context(cafile=str(keys.authorities)))

    def check(text: str) -> object:
        key = client.get_signing_key_from_jwt(text)
        return jwt.decode(text, key, algorithms=[algorithm], audience=AUDIENCE, issuer=URL)

    return _each(check, ((text,) for text in texts))


def _joserfc(algorithm: str, texts: Iterable[str]) -> Contestant:
    key = import_key(jwk(algorithm))
    rules = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": URL}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )

    def check(text: str) -> None:
        rules.validate(joserfc_jwt.decode(text, key, algorithms=[algorithm]).claims)

    return _each(check, ((text,) for text in texts))
