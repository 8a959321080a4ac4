"""The authorizer: a function whose bundle holds the issuers and the routes as data."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

import authorizer.settings as deployed
from authorizer.revocation.environment import REVOCATIONS_TABLE
from authorizer.settings_file import FILE_NAME
from handlers.contract import Route
from infra import slim_msgspec
from infra.answer_size import choose_encoding, expected_stage
from infra.bundles import ROOT, Bundle, Target, archive
from infra.function import Function, FunctionArgs, Grant
from infra.naming import Names
from infra.settings import StackSettings, Usage
from infra.table import Table

TIMEOUT = 10
"""Seconds: more than a key set's fetch may take, less than API Gateway waits for an authorizer."""
READ = "dynamodb:BatchGetItem"
"""The one call by which the authorizer looks into the list of revoked tokens."""

NEVER_IMPORTED = (
    "cryptography/cobblestone.py", "cryptography/fernet.py", "cryptography/x509/*",
    *(f"cryptography/hazmat/{name}/*" for name in ("asn1", "backends", "decrepit", "bindings/openssl")),
    *(
        f"cryptography/hazmat/primitives/{name}"
        for name in (
            "_cipheralgorithm.py", "_modes.py", "ciphers/*", "cmac.py", "constant_time.py", "hmac.py", "hpke.py",
            "kdf/*", "keywrap.py", "padding.py", "poly1305.py", "serialization/*", "twofactor/*",
        )
    ),
    *(
        f"cryptography/hazmat/primitives/asymmetric/{name}.py"
        for name in ("dh", "dsa", "ed448", "mldsa", "mlkem", "types", "x448", "x25519")
    ),
)  # fmt: skip
"""Of cryptography, what checking a signature does not touch: all but the keys and schemes of RFC 7518 and RFC 8037."""


STAND_INS = {
    **slim_msgspec.GENERATED,
    "cryptography/hazmat/_oid.py": b"from cryptography.hazmat.bindings._rust import ObjectIdentifier\n",
}
"""What stands in for modules that are imported for little: the names of object identifiers are certificates'."""


@dataclass(frozen=True, kw_only=True)
class AuthorizerArgs:
    """The routes it decides about, the list of revoked tokens where there is one, and the stack's settings."""

    names: Names
    routes: Sequence[Route]
    target: Target
    settings: StackSettings
    revocations: Table | None = None


def authorizer_bundle(args: AuthorizerArgs) -> Bundle:
    """The authorizer's bundle: Lambda's environment holds 4 KB, so what it has to know is a file."""
    data = authorizer_settings(args.routes, args.names, args.settings)
    generated = {**STAND_INS, f"authorizer/{FILE_NAME}": deployed.dump(data)}
    return Bundle(
        name="authorizer",
        package=ROOT / "authorizer",
        target=args.target,
        generated=generated,
        left_out=NEVER_IMPORTED,
        compiled=args.settings.compiled_files,
    )


def authorizer_settings(routes: Sequence[Route], names: Names, settings: StackSettings) -> deployed.DeploymentSettings:
    """The authorizer's settings. Raises AnswerTooLarge."""
    data = deployed.DeploymentSettings(
        project=names.project,
        stack=names.stack,
        issuers=settings.issuers,
        routes=route_scopes(routes),
        keys=settings.key_times,
        decision_cache=settings.decision_cache,
        revocation=settings.revocation,
        usage=told_usage(settings.usage),
        log_decisions=settings.log_decisions,
    )
    return msgspec.structs.replace(data, policy_encoding=choose_encoding(data, expected_stage(names.stack)))


def route_scopes(routes: Sequence[Route]) -> tuple[deployed.RouteScope, ...]:
    """The routes as the authorizer sees them."""
    return tuple(
        deployed.RouteScope(methods=route.operation.methods, path=route.path, scope=route.scope) for route in routes
    )


def told_usage(usage: Usage) -> deployed.UsageClients | None:
    """The listed clients, as the authorizer is told of them; None where there are no plans."""
    if not usage.plans:
        return None
    clients: dict[str, tuple[str, ...]] = {}
    for issuer, client in usage.clients():
        clients[issuer] = (*clients.get(issuer, ()), client)
    return deployed.UsageClients(clients=clients, unlisted="refuse" if usage.refuses else "default")


def authorizer_log_level(level: str) -> str:
    """The least severe lines that Lambda keeps of the authorizer's, for a stack's log level.

    The lines of decisions are INFO and carry the metrics, which a higher level would drop with them. `logDecisions`
    switches them.
    """
    return level if level in ("DEBUG", "INFO") else "INFO"


def authorizer_function(args: AuthorizerArgs) -> Function:
    """The authorizer's function. Its role is granted its own log, and to look into the list of revoked tokens."""
    settings, revocations = args.settings, args.revocations
    return Function(
        "authorizer",
        FunctionArgs(
            names=args.names,
            description="Checks bearer tokens and answers with a policy",
            handler="authorizer.handler.handler",
            code=archive(authorizer_bundle(args)),
            runtime=args.target.runtime,
            architecture=args.target.architecture,
            memory=settings.memory_megabytes,
            timeout=TIMEOUT,
            log_retention=settings.log_retention_days,
            log_level=authorizer_log_level(settings.log_level),
            tags=settings.tags,
            environment={} if revocations is None else {REVOCATIONS_TABLE: revocations.name},
            grants=() if revocations is None else (Grant(actions=(READ,), resources=(revocations.arn,)),),
        ),
    )
