"""What is asked of an access token by kind of issuer, each relaxation named."""

import msgspec

from authorizer.settings import ProfileName


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens of a kind of issuer look like.

    `types` are the accepted values of `typ`, lower case and without `application/`; None is a token without `typ`.
    `required` claims come on top of `iss`, `sub` and `exp`. `client_is_audience`: `client_id` is compared with the
    audiences instead of `aud`. `token_use`: that claim must be there and `access`; elsewhere it must only not be
    anything else. `client_id_only`: `azp`, `cid` and `appid` name no client.
    """

    types: frozenset[str | None]
    required: tuple[str, ...] = ()
    client_is_audience: bool = False
    token_use: bool = False
    client_id_only: bool = True


PROFILES: dict[ProfileName, Profile] = {
    "rfc9068": Profile(types=frozenset[str | None]({"at+jwt"}), required=("client_id", "iat", "jti")),
    # Amazon Cognito sets neither `typ` nor `aud` and tells ID tokens apart by `token_use`.
    "cognito": Profile(
        types=frozenset({None, "jwt"}),
        required=("client_id", "iat", "jti"),
        client_is_audience=True,
        token_use=True,
    ),
    # Providers older than RFC 9068: any of the types in use, clients named in several ways, no `iat` or `jti` needed.
    "generic": Profile(types=frozenset({None, "jwt", "at+jwt"}), client_id_only=False),
}
