"""An in-memory identity provider, its keys and its tokens, and an authorizer that trusts it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, get_default_algorithms

from authorizer.authorizer import Authorizer
from authorizer.clock import SYSTEM, Clock
from authorizer.http.fetch import FetchFailed
from authorizer.key_source import Fetch, KeySources
from authorizer.settings import DeploymentSettings, Issuer, KeySettings, RevocationSettings, RouteScope

URL = "https://idp.example.com/"
KEY_URL = URL + "keys"
AUDIENCE = "https://api.example.com"
NOW = 1_800_000_000
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/prod/"

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


@cache
def private_key(algorithm: str, number: int = 0) -> Any:
    """Return a private key, the same one during a whole test run, because generating RSA keys takes long."""
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return (
        rsa.generate_private_key(65_537, 2048) if algorithm == f"RSA{number}" else private_key(f"RSA{number}", number)
    )


@cache
def weak_key(bits: int = 1024, exponent: int = 65_537) -> Any:
    return rsa.generate_private_key(exponent, bits)


def signer(algorithm: str) -> Algorithm:
    return get_default_algorithms()[algorithm]


def jwk(algorithm: str, key: Any = None, **members: Any) -> dict[str, Any]:
    """Return the public key as a JWK whose `kid` is the algorithm's name. Members with the value `...` are omitted."""
    public = (key or private_key(algorithm)).public_key()
    made = {**signer(algorithm).to_jwk(public, as_dict=True), "kid": algorithm, "use": "sig", "alg": algorithm}
    return present({**made, **members})


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ...}


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(header: bytes, payload: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return a JWS in compact form of exactly these bytes."""
    signing_input = f"{base64url(header)}.{base64url(payload)}"
    return f"{signing_input}.{base64url(sign(signing_input.encode()))}"


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token, with changes. Claims with the value `...` are omitted."""
    accepted = {
        "iss": URL,
        "sub": "alice",
        "aud": AUDIENCE,
        "exp": NOW + 3600,
        "iat": NOW - 10,
        "jti": "token-1",
        "client_id": "client-1",
        "scope": "items:read items:write users:read",
    }
    return present({**accepted, **changes})


def token(
    algorithm: str = "RS256",
    header: Mapping[str, Any] | bytes | None = None,
    payload: bytes | None = None,
    key: Any = None,
    **changes: Any,
) -> str:
    """Return a valid token, except for the given header, payload, key or claims."""
    if not isinstance(header, bytes):
        members = {"alg": algorithm, "kid": algorithm, "typ": "at+jwt", **(header or {})}
        header = json.dumps(present(members), separators=(",", ":")).encode()
    if payload is None:
        payload = json.dumps(claims(**changes), separators=(",", ":")).encode()
    return compact(header, payload, lambda raw: signer(algorithm).sign(raw, key or private_key(algorithm)))


def jwks(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Provider:
    """An identity provider: its documents by URL, each bytes or an error, and the requested URLs."""

    def __init__(self, *keys: Mapping[str, Any]) -> None:
        self.requests: list[str] = []
        self.documents: dict[str, bytes | Exception] = {
            URL + ".well-known/openid-configuration": json.dumps({"issuer": URL, "jwks_uri": KEY_URL}).encode()
        }
        self.publish(*(keys or (jwk(algorithm) for algorithm in ALGORITHMS)))

    def publish(self, *keys: Mapping[str, Any]) -> None:
        self.documents[KEY_URL] = jwks(*keys)

    def go_down(self) -> None:
        self.documents[KEY_URL] = FetchFailed("down")

    def fetch(self, url: str, timeout: float) -> bytes:
        self.requests.append(url)
        document = self.documents[url]
        if isinstance(document, Exception):
            raise document
        return document


class ManualClock:
    """Both clocks, which advance only when a test advances them, together or separately."""

    def __init__(self, wall: float = NOW, monotonic: float = 1000.0) -> None:
        self.wall = wall
        self.monotonic = monotonic

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def as_clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)


def issuer(**changes: Any) -> Issuer:
    return Issuer(**{"name": "main", "url": URL, "audiences": (AUDIENCE,), "algorithms": ALGORITHMS, **changes})


def routes(*collections: str) -> tuple[RouteScope, ...]:
    """Return the routes of the six operations of each collection; list and read also accept HEAD."""
    return tuple(
        RouteScope(methods=methods, path=f"/{name}{path}", scope=f"{name}:{verb}")
        for name in collections
        for methods, path, verb in (
            (("GET", "HEAD"), "", "read"),
            (("POST",), "", "write"),
            (("GET", "HEAD"), "/{id}", "read"),
            (("PUT",), "/{id}", "write"),
            (("PATCH",), "/{id}", "write"),
            (("DELETE",), "/{id}", "write"),
        )
    )


def settings(**changes: Any) -> DeploymentSettings:
    made = {
        "project": "gatehouse",
        "stack": "test",
        "issuers": (issuer(),),
        "routes": routes("items", "users", "orders"),
        "keys": KeySettings(),
    }
    return DeploymentSettings(**{**made, **changes})


def event(token: str, path: str = "GET/items") -> dict[str, Any]:
    """Return the event of a REST API's TOKEN authorizer."""
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": STAGE + path}


def authorizer(made: DeploymentSettings, fetch: Fetch, clock: Clock = SYSTEM, **options: Any) -> Authorizer:
    """Return an authorizer that fetches documents with `fetch`."""
    return Authorizer(made, KeySources(made, fetch, clock), clock, **options)


class Harness:
    """An authorizer with its identity provider, its clock and its log lines."""

    def __init__(self, provider: Provider | None = None, denylist: Any = None, **changes: Any) -> None:
        self.provider = provider or Provider()
        self.clock = ManualClock()
        self.lines: list[dict[str, Any]] = []
        if denylist is not None:
            changes = {"revocation": RevocationSettings(enabled=True), **changes}
        self.authorizer = authorizer(
            settings(**changes),
            self.provider.fetch,
            self.clock.as_clock(),
            emit=lambda line: self.lines.append(json.loads(line)),
            denylist=denylist,
        )

    def decide(self, token: str, path: str = "GET/items") -> dict[str, Any]:
        return self.authorizer(event(token, path), None)

    @property
    def reason(self) -> str:
        """The reason in the last log line."""
        return self.lines[-1]["reason"]


def allowed(output: Mapping[str, Any]) -> list[str]:
    """Return the resources that an output allows, without the stage's ARN."""
    return [
        resource.removeprefix(STAGE)
        for statement in output["policyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for resource in statement["Resource"]
    ]


def decoded_by_pyjwt(token: str, algorithms: Iterable[str] = ALGORITHMS, leeway: float = 30) -> dict[str, Any]:
    """Return the claims as PyJWT decodes them. Raises jwt.PyJWTError."""
    algorithm = jwt.get_unverified_header(token)["alg"]
    key = private_key(algorithm).public_key()
    return jwt.decode(token, key, algorithms=list(algorithms), audience=AUDIENCE, issuer=URL, leeway=leeway)
