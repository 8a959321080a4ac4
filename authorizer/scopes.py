"""The scopes of this API that a token carries, however its issuer writes them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from msgspec import UNSET

from authorizer.errors import ClaimMalformed
from authorizer.settings import Issuer


class ScopeRules:
    """How one issuer writes scopes: a string (RFC 6749 §3.3) or a list, with a prefix, with another separator."""

    def __init__(self, issuer: Issuer, api_scopes: frozenset[str]) -> None:
        self._claim = issuer.scope_claim or "scope"
        self._prefix = issuer.scope_prefix
        self._separator = issuer.scope_separator
        self._api_scopes = api_scopes
        self._default = tuple(sorted(api_scopes.intersection(issuer.default_scopes)))
        # Tokens of one client carry the same scopes, so the last few readings are remembered.
        self._read = lru_cache(maxsize=256)(self._read_names)

    def granted(self, members: Mapping[str, Any]) -> tuple[str, ...]:
        """The scopes that the API knows, sorted, of a token's scope claim; the defaults where it has none.

        Raises ClaimMalformed where the claim is neither a string nor a list of strings.
        """
        raw = members.get(self._claim, UNSET)
        if isinstance(raw, str):
            return self._read(raw)
        if raw is UNSET:
            return self._default
        if isinstance(raw, list) and all(isinstance(name, str) for name in cast("list[Any]", raw)):
            return self._read(tuple(cast("list[str]", raw)))
        raise ClaimMalformed(self._claim)

    def _read_names(self, raw: str | tuple[str, ...]) -> tuple[str, ...]:
        names = raw.split(" ") if isinstance(raw, str) else raw
        return tuple(sorted(self._api_scopes.intersection(map(self._own, names))))

    def _own(self, name: str) -> str:
        """The API's name for an issuer's scope; one that is another API's has none."""
        if not name.startswith(self._prefix):
            return ""
        name = name[len(self._prefix) :]
        if self._separator == ":":
            return name
        return "" if ":" in name else name.replace(self._separator, ":")
