"""Cognito: user pools with their domains, resource servers and clients."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen, in_camel_case
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Step, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_SERVICE: Final = "cognito-idp"

_RENAMED: Final = {
    "emailConfiguration": {
        "emailSendingAccount": "EmailSendingAccount",
        "sourceArn": "SourceArn",
        "fromEmailAddress": "From",
    },
    "userAttributeUpdateSettings": {
        "attributesRequireVerificationBeforeUpdates": "AttributesRequireVerificationBeforeUpdate"
    },
}
"""Objects whose members have other names in Cognito's API."""
_POOL: Final = (
    "accountRecoverySetting", "adminCreateUserConfig", "autoVerifiedAttributes", "deletionProtection",
    "emailConfiguration", "passwordPolicy", "userAttributeUpdateSettings", "userPoolAddOns", "userPoolTier",
)  # fmt: skip
_DEFAULTS: Final[Document] = {
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
}
"""What AWS sets when an update lacks these parameters; the emulator keeps the old values."""

_CLIENT: Final = {
    "name": "ClientName",
    "accessTokenValidity": "AccessTokenValidity",
    "allowedOauthFlows": "AllowedOAuthFlows",
    "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
    "allowedOauthScopes": "AllowedOAuthScopes",
    "callbackUrls": "CallbackURLs",
    "enableTokenRevocation": "EnableTokenRevocation",
    "explicitAuthFlows": "ExplicitAuthFlows",
    "idTokenValidity": "IdTokenValidity",
    "logoutUrls": "LogoutURLs",
    "preventUserExistenceErrors": "PreventUserExistenceErrors",
    "refreshTokenRotation": "RefreshTokenRotation",
    "refreshTokenValidity": "RefreshTokenValidity",
    "supportedIdentityProviders": "SupportedIdentityProviders",
    "tokenValidityUnits": "TokenValidityUnits",
}
_LISTS: Final = (
    "allowedOauthFlows", "allowedOauthScopes", "callbackUrls", "explicitAuthFlows", "logoutUrls",
    "supportedIdentityProviders",
)  # fmt: skip


def _pool_parameters(given: Properties) -> Document:
    """Return the parameters that have other names or another place than in Pulumi."""
    found: Document = {}
    if "passwordPolicy" in given:
        policy = given.pop("passwordPolicy")
        found["Policies"] = {"PasswordPolicy": {_capitalized(name): _typed(policy[name]) for name in policy}}
    for name, members in _RENAMED.items():
        if name in given:
            inner = given.pop_object(name)
            found[_capitalized(name)] = {members[each]: inner.pop(each) for each in members if each in inner}
    return found


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]


def _typed(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


def _configure_mfa(given: Properties) -> Step:
    token = given.pop("softwareTokenMfaConfiguration", None)

    def apply(call: Call) -> Document:
        pool = call.response["UserPool"]
        _set_mfa(call.connection, pool["Id"], str(pool["MfaConfiguration"]), token)
        return {"endpoint": f"cognito-idp.{call.connection.region}.amazonaws.com/{pool['Id']}"}

    return apply


def _set_mfa(connection: Connection, pool: str, mode: str, token: Document | None) -> None:
    enabled = bool((token or {}).get("enabled", False))
    connection.client(_SERVICE).set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration=mode, SoftwareTokenMfaConfiguration={"Enabled": enabled}
    )


def _update_mfa(connection: Connection, state: State, given: Properties) -> None:
    token = given.pop("softwareTokenMfaConfiguration")
    _set_mfa(connection, state.id, given.pop("mfaConfiguration", "OFF"), token)


def _update_pool(connection: Connection, state: State, given: Properties) -> None:
    own = Properties(given.pop_many(*_POOL))
    converted = _pool_parameters(own)
    shape = connection.input_shape(_SERVICE, "UpdateUserPool")
    arguments = {**_DEFAULTS, **parameters(shape, own), **converted}
    connection.call(_SERVICE, "UpdateUserPool", {"UserPoolId": state.id, **arguments})


def _read_pool(connection: Connection, state: State) -> Live:
    client = connection.client(_SERVICE)
    found = client.describe_user_pool(UserPoolId=state.id)["UserPool"]
    mfa = client.get_user_pool_mfa_config(UserPoolId=state.id)
    token = mfa.get("SoftwareTokenMfaConfiguration", {}).get("Enabled", False)
    inputs = chosen(found, "name", "usernameAttributes", "usernameConfiguration", *_POOL)
    return Live(
        inputs=inputs
        | {
            "passwordPolicy": in_camel_case(found.get("Policies", {}).get("PasswordPolicy")),
            **{name: _described(found, name) for name in ("userPoolAddOns", *_RENAMED)},
            "mfaConfiguration": mfa["MfaConfiguration"],
            "softwareTokenMfaConfiguration": {"enabled": True} if token else None,
            "tags": found.get("UserPoolTags", {}),
        },
        outputs={"arn": found["Arn"]},
    )


def _described(found: Document, name: str) -> Document | None:
    """Return an object in Pulumi's terms, or None if it is the default."""
    value = found.get(_capitalized(name), {})
    if value == _DEFAULTS.get(_capitalized(name)):
        return None
    members = _RENAMED.get(name, {each[:1].lower() + each[1:]: each for each in value})
    return {each: value[member] for each, member in members.items() if member in value}


def _client_target(state: State) -> dict[str, str]:
    return {"UserPoolId": state.outputs["userPoolId"], "ClientId": state.id}


def _update_client(connection: Connection, state: State, given: Properties) -> None:
    own = Properties({**{name: [] for name in _LISTS}, **given.pop_many(*_CLIENT)})
    shape = connection.input_shape(_SERVICE, "UpdateUserPoolClient")
    arguments = parameters(shape, own, {"ClientName": "name"})
    connection.call(_SERVICE, "UpdateUserPoolClient", _client_target(state) | arguments)


def _read_client(connection: Connection, state: State) -> Live:
    found = connection.client(_SERVICE).describe_user_pool_client(**_client_target(state))["UserPoolClient"]
    inputs = {name: in_camel_case(found.get(member)) for name, member in _CLIENT.items()}
    secret = found.get("ClientSecret", "")
    inputs |= {"userPoolId": found["UserPoolId"], "generateSecret": bool(secret)}
    return Live(inputs=inputs, outputs={"clientSecret": secret})


def _server_target(state: State) -> dict[str, str]:
    pool, _, identifier = state.id.partition("|")
    return {"UserPoolId": pool, "Identifier": identifier}


def _server_outputs(call: Call) -> Document:
    return {"id": f"{call.parameters['UserPoolId']}|{call.parameters['Identifier']}"}


def _update_server(connection: Connection, state: State, given: Properties) -> None:
    shape = connection.input_shape(_SERVICE, "UpdateResourceServer")
    arguments = parameters(shape, Properties(given.pop_many("name", "scopes")))
    connection.call(_SERVICE, "UpdateResourceServer", _server_target(state) | arguments)


def _read_server(connection: Connection, state: State) -> Live:
    found = connection.client(_SERVICE).describe_resource_server(**_server_target(state))["ResourceServer"]
    return Live(inputs=chosen(found, "userPoolId", "identifier", "name", "scopes"))


def _read_domain(connection: Connection, state: State) -> Live | None:
    found = connection.client(_SERVICE).describe_user_pool_domain(Domain=state.id)["DomainDescription"]
    return Live(inputs=chosen(found, "domain", "userPoolId")) if found.get("Domain") else None


def _delete_domain(connection: Connection, state: State) -> None:
    pool = state.outputs["userPoolId"]
    connection.client(_SERVICE).delete_user_pool_domain(Domain=state.id, UserPoolId=pool)


TYPES: Final = {
    "aws:cognito/userPool:UserPool": ResourceType(
        service=_SERVICE,
        operation="CreateUserPool",
        renames={"PoolName": "name", "UserPoolTags": "tags"},
        name_property="name",
        convert=_pool_parameters,
        configure=_configure_mfa,
        id="UserPool.Id",
        outputs={"arn": "UserPool.Arn"},
        replaces=("name", "usernameAttributes", "usernameConfiguration"),
        updates=(
            Update(inputs=_POOL, apply=_update_pool),
            Update(inputs=("mfaConfiguration", "softwareTokenMfaConfiguration"), apply=_update_mfa),
            tags(_SERVICE),
        ),
        sets=("autoVerifiedAttributes",),
        read=_read_pool,
        delete=lambda connection, state: connection.client(_SERVICE).delete_user_pool(UserPoolId=state.id),
    ),
    "aws:cognito/userPoolClient:UserPoolClient": ResourceType(
        service=_SERVICE,
        operation="CreateUserPoolClient",
        renames={"ClientName": "name"},
        name_property="name",
        computed=lambda call: {"clientSecret": call.response["UserPoolClient"].get("ClientSecret", "")},
        id="UserPoolClient.ClientId",
        replaces=("userPoolId", "generateSecret"),
        updates=(Update(inputs=tuple(_CLIENT), apply=_update_client),),
        sets=_LISTS,
        read=_read_client,
        delete=lambda connection, state: connection.client(_SERVICE).delete_user_pool_client(**_client_target(state)),
    ),
    "aws:cognito/resourceServer:ResourceServer": ResourceType(
        service=_SERVICE,
        operation="CreateResourceServer",
        computed=_server_outputs,
        id="ResourceServer.Identifier",
        replaces=("userPoolId", "identifier"),
        updates=(Update(inputs=("name", "scopes"), apply=_update_server),),
        sets=("scopes",),
        read=_read_server,
        delete=lambda connection, state: connection.client(_SERVICE).delete_resource_server(**_server_target(state)),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": ResourceType(
        service=_SERVICE,
        operation="CreateUserPoolDomain",
        id="Domain",
        replaces=("domain", "userPoolId"),
        read=_read_domain,
        delete=_delete_domain,
    ),
}
