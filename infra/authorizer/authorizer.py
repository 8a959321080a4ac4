"""The authorizer: a function whose bundle contains the issuers and the routes as data."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from authorizer.settings import CacheBy, DecisionCacheSettings, DeploymentSettings, KeySettings, dump
from authorizer.settings_file import FILE_NAME
from infra.authorizer.revocation import Revocation
from infra.functions.function import Function, FunctionArgs, FunctionDefaults
from infra.identity.user_pool import UserPool
from infra.logs import level_with_metrics
from infra.packaging.bundles import ROOT, Bundle, archive, modules_of
from infra.packaging.requirements import Requirements
from infra.packaging.target import Target
from infra.packaging.trimmed_packages import MSGSPEC_REPLACED

TIMEOUT = 10
"""Seconds: longer than the timeouts of one decision (MAX_TOTAL_WAIT); API Gateway waits no longer."""

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
"""Modules of cryptography that signature checks do not use: all but the keys and schemes of RFC 7518 and RFC 8037."""

REPLACED = {
    **MSGSPEC_REPLACED,
    "cryptography/hazmat/_oid.py": b"from cryptography.hazmat.bindings._rust import ObjectIdentifier\n",
}
"""Modules replaced by shorter ones. The names of object identifiers are only used for certificates."""


class AuthorizerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Caches of decisions and keys."""

    policy_cache: Annotated[
        int,
        Meta(ge=0, le=3600, description="Seconds for which API Gateway caches the policy for a token; 0 disables it."),
    ] = 300
    cache_by: Annotated[
        CacheBy | None,
        Meta(
            description="Whether API Gateway caches one policy for a `token`, or one for each `route` that is called "
            "with it. By default, `token` while the largest policy for all routes fits, and otherwise `route`."
        ),
    ] = None
    decision_cache: Annotated[
        DecisionCacheSettings, Meta(description="The cache of decisions in each process of the authorizer.")
    ] = DecisionCacheSettings()
    keys: Annotated[KeySettings, Meta(description="Lifetimes and timeouts of the issuers' keys.")] = KeySettings()


@dataclass(frozen=True, kw_only=True)
class AuthorizerArgs:
    """The data in the authorizer's bundle, and the denylist and the user pool if the stack has them."""

    data: DeploymentSettings
    defaults: FunctionDefaults
    revocation: Revocation | None = None
    user_pool: UserPool | None = None


class Authorizer(pulumi.ComponentResource):
    """The Lambda authorizer. Its role allows writing its log and reading the denylist.

    `cache_by` is what the API must cache the authorizer's policies by.
    """

    def __init__(self, name: str, args: AuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:auth:Authorizer", name, None, opts)
        defaults, revocation = args.defaults, args.revocation
        self.function = Function(
            name,
            FunctionArgs(
                description="Checks bearer tokens and returns a policy",
                handler="authorizer.handler.handler",
                code=archive(
                    authorizer_bundle(args.data, defaults.target(name), compiled=defaults.settings.compiled_files)
                ),
                defaults=defaults,
                timeout=TIMEOUT,
                log_level=level_with_metrics(defaults.log_level(name)),
                environment={
                    name: value
                    for each in (revocation, args.user_pool)
                    if each is not None
                    for name, value in each.environment.items()
                },
                optional={"revocation": revocation.statements} if revocation else {},
            ),
            # The function of stacks deployed by earlier versions has no parent.
            pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
        )
        self.name = self.function.name
        self.cache_by: CacheBy = args.data.cache_by
        self.register_outputs({"name": self.name})

    def allow_gateway(self, execution_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Let API Gateway invoke the authorizer for the API with this execution ARN."""
        return self.function.allow_gateway("authorizer", pulumi.Output.concat(execution_arn, "/authorizers/*"))


def authorizer_bundle(data: DeploymentSettings, target: Target, *, compiled: bool = False) -> Bundle:
    """Return the authorizer's bundle. The data is a file in it, because Lambda's environment holds only 4 KB."""
    package = ROOT / "authorizer"
    requirements = Requirements(
        file=package / "requirements.txt", target=target, excluded=NEVER_IMPORTED, replaced=REPLACED, compiled=compiled
    )
    return Bundle(
        name="authorizer",
        target=target,
        files={**modules_of(package), f"authorizer/{FILE_NAME}": dump(data)},
        requirements=requirements,
        compiled=compiled,
    )
