"""The scopes of this API that a token has, in the format of its issuer."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from msgspec import UNSET

from authorizer.errors import ClaimMalformed
from authorizer.settings import Issuer


class ScopeRules:
    """How an issuer writes scopes: as a string (RFC 6749 §3.3) or a list, with a prefix, with another separator."""

    def __init__(self, issuer: Issuer, api_scopes: frozenset[str]) -> None:
        self._claim = issuer.scope_claim or "scope"
        self._prefix = issuer.scope_prefix
        self._separator = issuer.scope_separator
        self._api_scopes = api_scopes
        self._default = tuple(sorted(api_scopes.intersection(issuer.default_scopes)))
        # Tokens of the same client usually have the same scopes.
        self._read = lru_cache(maxsize=256)(self._read_names)

    def granted(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the API's scopes in a token's scope claim, sorted, or the default scopes if there is no such claim.

        Raises ClaimMalformed if the claim is neither a string nor a list of strings.
        """
        raw = payload.get(self._claim, UNSET)
        if isinstance(raw, str):
            return self._read(raw)
        if raw is UNSET:
            return self._default
        if isinstance(raw, list) and all(isinstance(name, str) for name in cast("list[Any]", raw)):
            return self._read(tuple(cast("list[str]", raw)))
        raise ClaimMalformed(self._claim)

    def _read_names(self, raw: str | tuple[str, ...]) -> tuple[str, ...]:
        names = raw.split(" ") if isinstance(raw, str) else raw
        return tuple(sorted(self._api_scopes.intersection(map(self._api_name, names))))

    def _api_name(self, name: str) -> str:
        """Return the API's name for an issuer's scope; empty for a scope of another API."""
        if not name.startswith(self._prefix):
            return ""
        name = name[len(self._prefix) :]
        if self._separator == ":":
            return name
        return "" if ":" in name else name.replace(self._separator, ":")
