"""The development issuer: an OpenID provider on loopback, with keys that it generates when it starts.

It issues a token for every request from this machine, so it is for development only; only the stack `local` trusts it.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

ALGORITHMS = ("ES256", "RS256", "EdDSA")
HOST = "127.0.0.1"
MAX_FORM = 65_536
"""The largest accepted form, in bytes."""
DEFAULT_TTL = 3600
"""A token's lifetime in seconds, unless the request specifies it."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and its algorithm."""

    kid: str
    algorithm: str
    private: Any

    @classmethod
    def generate(cls, algorithm: str) -> "SigningKey":
        """Generate a key for RS256, ES256 or EdDSA."""
        make = {
            "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]
        return cls(f"{algorithm.lower()}-{secrets.token_hex(4)}", algorithm, make())

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key as a JWK (RFC 7517)."""
        jwk = get_default_algorithms()[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        members = {name: value for name, value in jwk.items() if name != "key_ops"}
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """The contents of a token. `ttl` is in seconds and may be negative; `claims` override all other fields."""

    subject: str = "developer"
    scope: str = ""
    client: str = "local-cli"
    ttl: int = DEFAULT_TTL
    algorithm: str = "ES256"
    claims: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class DevelopmentIssuer:
    """Signs access tokens with the profile of RFC 9068."""

    url: str
    audience: str
    keys: Mapping[str, SigningKey] = field(
        default_factory=lambda: {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}
    )

    def discovery(self) -> dict[str, Any]:
        """Return the provider's metadata (OpenID Connect Discovery 1.0 §3)."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(self.keys),
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public keys (RFC 7517 §5)."""
        return {"keys": [key.public_jwk() for key in self.keys.values()]}

    def token(self, request: TokenRequest) -> str:
        """Return a signed token.

        Raises:
            KeyError: There is no key for the requested algorithm.
        """
        key = self.keys[request.algorithm]
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": self.audience,
            "sub": request.subject,
            "client_id": request.client,
            "scope": request.scope,
            "iat": now,
            "exp": now + request.ttl,
            "jti": secrets.token_hex(16),
            **request.claims,
        }
        return jwt.encode(claims, key.private, key.algorithm, headers={"kid": key.kid, "typ": "at+jwt"})


class IssuerServer:
    """An HTTP server for the issuer, on loopback. Its constructor raises OSError if the port is in use."""

    def __init__(self, issuer: DevelopmentIssuer, port: int) -> None:
        handler = type("Handler", (_Handler,), {"issuer": issuer})
        self._server = ThreadingHTTPServer((HOST, port), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    issuer: DevelopmentIssuer

    def do_GET(self) -> None:  # the name is http.server's
        """Respond with the metadata or the keys."""
        documents = {"/.well-known/openid-configuration": self.issuer.discovery, "/jwks": self.issuer.jwks}
        document = documents.get(self.path)
        self._respond(200, document()) if document else self._respond(404, {"error": "not_found"})

    def do_POST(self) -> None:  # the name is http.server's
        """Respond with a token. Reject a `Host` other than loopback, which a web page could send by DNS rebinding."""
        if self.path != "/token":
            return self._respond(404, {"error": "not_found"})
        if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            return self._respond(403, {"error": "access_denied"})
        try:
            request = _token_request(self._form())
            token = self.issuer.token(request)
        except (LookupError, ValueError, TypeError, OverflowError, RecursionError) as error:
            return self._respond(400, {"error": "invalid_request", "error_description": str(error)})
        response = {"access_token": token, "token_type": "Bearer", "expires_in": request.ttl, "scope": request.scope}
        return self._respond(200, response)

    def _form(self) -> dict[str, str]:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_FORM:
            raise ValueError(f"the form must not be longer than {MAX_FORM} bytes")
        form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        return {name: values[-1] for name, values in form.items()}

    def _respond(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store" if self.path == "/token" else "max-age=60")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
        """Log nothing: the terminal shows the functions' logs."""


def _token_request(form: Mapping[str, str]) -> TokenRequest:
    return TokenRequest(
        subject=form.get("sub", TokenRequest.subject),
        scope=form.get("scope", TokenRequest.scope),
        client=form.get("client_id", TokenRequest.client),
        ttl=int(form.get("ttl", TokenRequest.ttl)),
        algorithm=form.get("alg", TokenRequest.algorithm),
        claims=json.loads(form.get("claims", "{}")),
    )
