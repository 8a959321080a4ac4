"""A Cognito user pool: its users, its sign-in pages, the API's scopes and the clients that may request them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from authorizer.settings_file import USER_POOL
from handlers.contract import Route
from infra.identity.identity_settings import EmailSettings, IdentitySettings, PasswordSettings, api_scopes
from infra.identity.user_pool_clients import ClientArgs, app_client, machine_client
from infra.naming import Names

MFA = {"none": "OFF", "optional": "OPTIONAL", "required": "ON"}


@dataclass(frozen=True, kw_only=True)
class UserPoolArgs:
    """The pool's settings, and the routes whose scopes it grants. With `protect`, the pool cannot be deleted."""

    names: Names
    identity: IdentitySettings
    routes: Sequence[Route]
    protect: bool


class UserPool(pulumi.ComponentResource):
    """The pool with its clients.

    `environment` is what the authorizer needs to know of it, and `description` what its clients need. `secrets` are
    the secrets of machines, by their names.
    """

    def __init__(self, name: str, args: UserPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:auth:UserPool", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        pool = self._pool(name)
        scopes = api_scopes(args.routes)
        server = self._resource_server(name, pool, scopes)
        domain = self._domain(name, pool)
        common = ClientArgs(names=args.names, pool_id=pool.id, identity=args.identity, scopes=scopes)
        opts = pulumi.ResourceOptions(parent=self, depends_on=[server])  # clients refer to its scopes
        apps = {each: app_client(each, app, common, opts) for each, app in args.identity.apps.items()}
        machines = {each: machine_client(each, some, common, opts) for each, some in args.identity.machines.items()}
        ids = {each: client.id for each, client in {**apps, **machines}.items()}
        issuer = pulumi.Output.concat("https://", pool.endpoint)
        name = args.identity.issuer
        described = {"name": name, "url": issuer, "scopePrefix": f"{args.names.project}/", "clients": ids}
        self.environment = {USER_POOL: pulumi.Output.json_dumps(described, sort_keys=True)}
        self.description = {"poolId": pool.id, "issuer": issuer, "domain": domain.domain, "clients": ids}
        self.secrets = {each: pulumi.Output.secret(client.client_secret) for each, client in machines.items()}
        self.register_outputs({"poolId": pool.id})

    def _pool(self, name: str) -> aws.cognito.UserPool:
        identity, protect = self.args.identity, self.args.protect
        verified = aws.cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs(name="verified_email", priority=1)
        return aws.cognito.UserPool(
            name,
            name=self.args.names.resource(name),
            user_pool_tier=identity.tier.upper(),
            username_attributes=["email"],
            username_configuration=aws.cognito.UserPoolUsernameConfigurationArgs(case_sensitive=False),
            auto_verified_attributes=["email"],
            # A new address replaces the old one only when it is verified.
            user_attribute_update_settings=aws.cognito.UserPoolUserAttributeUpdateSettingsArgs(
                attributes_require_verification_before_updates=["email"]
            ),
            account_recovery_setting=aws.cognito.UserPoolAccountRecoverySettingArgs(recovery_mechanisms=[verified]),
            admin_create_user_config=aws.cognito.UserPoolAdminCreateUserConfigArgs(
                allow_admin_create_user_only=not identity.self_sign_up
            ),
            mfa_configuration=MFA[identity.mfa],
            software_token_mfa_configuration=None
            if identity.mfa == "none"
            else aws.cognito.UserPoolSoftwareTokenMfaConfigurationArgs(enabled=True),
            password_policy=_password_policy(identity.password),
            user_pool_add_ons=aws.cognito.UserPoolUserPoolAddOnsArgs(advanced_security_mode="ENFORCED")
            if identity.tier == "plus"
            else None,
            email_configuration=None if identity.email is None else _email(identity.email),
            deletion_protection="ACTIVE" if protect else "INACTIVE",
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )

    def _resource_server(
        self, name: str, pool: aws.cognito.UserPool, scopes: Sequence[str]
    ) -> aws.cognito.ResourceServer:
        """Create the resource server, whose identifier is the prefix of the API's scopes in tokens."""
        return aws.cognito.ResourceServer(
            name,
            name=self.args.names.resource(name),
            identifier=self.args.names.project,
            user_pool_id=pool.id,
            scopes=[aws.cognito.ResourceServerScopeArgs(scope_name=scope, scope_description=scope) for scope in scopes],
            opts=self.child_opts,
        )

    def _domain(self, name: str, pool: aws.cognito.UserPool) -> aws.cognito.UserPoolDomain:
        """Create the domain of the sign-in pages, which must be unique in its region among all accounts."""
        names = self.args.names
        start = f"{names.project}-{names.stack}".lower().replace("_", "-")[:40].strip("-")
        default = pool.id.apply(lambda id_: f"{start}-{id_.rpartition('_')[2].lower()}")
        domain = (None if names.branch else self.args.identity.domain) or default
        return aws.cognito.UserPoolDomain(name, domain=domain, user_pool_id=pool.id, opts=self.child_opts)


def _password_policy(password: PasswordSettings) -> aws.cognito.UserPoolPasswordPolicyArgs:
    return aws.cognito.UserPoolPasswordPolicyArgs(
        minimum_length=password.min_length,
        require_lowercase="lowercase" in password.require,
        require_uppercase="uppercase" in password.require,
        require_numbers="numbers" in password.require,
        require_symbols="symbols" in password.require,
        password_history_size=password.history or None,
        temporary_password_validity_days=password.temporary_days,
    )


def _email(email: EmailSettings) -> aws.cognito.UserPoolEmailConfigurationArgs:
    return aws.cognito.UserPoolEmailConfigurationArgs(
        email_sending_account="DEVELOPER", source_arn=email.identity, from_email_address=email.sender
    )
