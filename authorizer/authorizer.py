"""The authorizer: from an event of API Gateway to an IAM policy and a context for the handlers."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from authorizer import errors, log, token
from authorizer import event as events
from authorizer.claims import ClaimRules, parse_claims
from authorizer.clock import SYSTEM, Clock
from authorizer.decision import Decision, DecisionCache, decide
from authorizer.key_source import KeySource, KeySources
from authorizer.log import DecisionLog, Record
from authorizer.policy import Json, Policies
from authorizer.settings import DeploymentSettings, require_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from authorizer.claims import Caller, Claims
    from authorizer.event import Route, Stage
    from authorizer.keys import Key
    from authorizer.revocation.denylist import Denylist
    from authorizer.token import Header, Token


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer with its keys and the rules for its tokens."""

    name: str
    algorithms: frozenset[str]
    keys: KeySource
    rules: ClaimRules

    def find_key(self, header: Header) -> Key:
        """Return the key for a token. Raises AlgorithmNotAllowed, KeyUnknown or KeysUnavailable."""
        if header.alg not in self.algorithms:
            raise errors.AlgorithmNotAllowed
        return self.keys.find(header.kid, header.alg)

    def validate(self, parsed: Token, claims: Claims, key: Key, now: float) -> Caller:
        """Verify a token's signature, validate its claims and return its caller. Raises NotAuthentic."""
        if not key.verify(parsed.signing_input, parsed.signature):
            raise errors.SignatureInvalid
        return self.rules.check(claims, parsed.payload, parsed.header.typ, now)


class Authorizer:
    """Decides about requests to one API. Raises SettingsInvalid. Thread-safe.

    `sources` are the issuers' keys, `emit` writes log lines, and `denylist` contains the revoked tokens.
    """

    def __init__(
        self,
        settings: DeploymentSettings,
        sources: KeySources | None = None,
        clock: Clock = SYSTEM,
        emit: Callable[[bytes], None] = log.write,
        denylist: Denylist | None = None,
    ) -> None:
        self._policies = _policies(settings)
        self._settings = settings
        self._wall = clock.wall
        self._monotonic = clock.monotonic
        self._denylist = denylist
        self._stage: Stage | None = None  # that of the last request: usually, all requests are for the same stage
        if settings.revocation.enabled and denylist is None:
            raise errors.SettingsInvalid("revocation is enabled, but there is no denylist")
        sources = sources or KeySources(settings, clock=clock)
        keys, scopes = sources.by_url, self._policies.scopes
        self._issuers = {
            each.url: TrustedIssuer(each.name, frozenset(each.algorithms), keys[each.url], ClaimRules(each, scopes))
            for each in settings.issuers
        }
        self._cache = DecisionCache(settings.decision_cache)
        self._log = DecisionLog(settings, sources.fetches, emit) if settings.log_decisions else None

    def __call__(self, event: Mapping[str, Any], context: Any = None) -> Json:
        """Return the policy for an event.

        Raises Exception("Unauthorized"), which API Gateway answers with 401, and Fault, which it answers with 503.
        """
        started = 0.0 if self._log is None else self._monotonic()
        decision: Decision | None = None
        failure: errors.AuthorizerError | None = None
        try:
            decision, record = self._decide(event)
        except Exception as error:  # noqa: BLE001 -- with_context removes messages that may contain parts of the token
            failure = error if isinstance(error, errors.AuthorizerError) else errors.with_context(error)
            record = Record.of_error(failure)
        decision_id = ""
        if self._log is not None:
            decision_id = (context and context.aws_request_id) or ""
            self._log.write(record, decision_id, self._wall(), self._monotonic() - started)
        if decision is not None:
            return decision.output if self._log is None else decision.with_id(decision_id)
        if isinstance(failure, errors.Fault):
            raise type(failure)(*failure.args)  # a new error, because Lambda logs the traceback of the old one
        # API Gateway answers 401 only to this message of this class.
        raise Exception("Unauthorized")  # noqa: TRY002

    def _decide(self, event: Mapping[str, Any]) -> tuple[Decision, Record]:
        """Return the decision about an event, and its log record. Raises AuthorizerError."""
        credentials = events.credentials(event)
        arn = events.method_arn(event)
        route = events.route(event)
        now = self._wall()
        digest = _digest(credentials) if self._cache.enabled else None
        decision = None if digest is None else self._cache.get(digest, arn, now)
        cached = 0 if decision is None else 1
        if decision is None:
            decision = self._evaluate(credentials, self._stage_of(arn), route, now)
        elif decision.route != route:
            stage = self._stage_of(arn)
            decision = decide(self._settings, self._policies, stage, decision.caller, decision.key_id, route)
        unchecked = 0 if self._denylist is None else self._check_revocation(self._denylist, decision, cached)
        if digest is not None and not cached:
            self._cache.put(digest, decision, now)
        outcome, reason = ("deny", decision.error) if decision.error else ("allow", "ok")
        caller = decision.caller
        record = Record(outcome, reason, None, caller.issuer, decision.key_id, caller.client, cached, unchecked)
        return decision, record

    def _stage_of(self, arn: str) -> Stage:
        stage = self._stage
        if stage is None or not arn.startswith(stage.prefix):
            stage = self._stage = events.parse_stage(arn)
        return stage

    def _evaluate(self, credentials: str, stage: Stage, route: Route | None, now: float) -> Decision:
        """Validate a token, except for its revocation, and decide about its caller."""
        parsed = token.parse(token.extract(credentials))
        claims = parse_claims(parsed.payload)
        issuer = self._issuers.get(claims.iss)
        if issuer is None:
            raise errors.IssuerUnknown
        key_id = None
        try:
            key = issuer.find_key(parsed.header)
            key_id = key.key_id
            caller = issuer.validate(parsed, claims, key, now)
            return decide(self._settings, self._policies, stage, caller, key_id, route)
        except Exception as error:  # noqa: BLE001 -- all are logged with the issuer and the key
            raise errors.with_context(error, issuer.name, key_id) from None

    def _check_revocation(self, denylist: Denylist, decision: Decision, cached: int) -> int:
        """Return 0 if the token is not revoked, or 1 if that is unknown and the settings accept it.

        Raises ClaimMissing, TokenRevoked or RevocationsUnavailable.
        """
        caller = decision.caller
        try:
            _require_not_revoked(denylist, caller)
        except Exception as error:  # noqa: BLE001 -- all are logged with the issuer and the key
            accepts = self._settings.revocation.when_unavailable == "accept"
            if accepts and isinstance(error, errors.RevocationsUnavailable):
                return 1
            raise errors.with_context(error, caller.issuer, decision.key_id, cached) from None
        return 0


def _require_not_revoked(denylist: Denylist, caller: Caller) -> None:
    if not caller.token_id or caller.issued_at is None:
        raise errors.ClaimMissing("iat" if caller.token_id else "jti")
    if denylist.is_revoked(caller):
        raise errors.TokenRevoked


def _digest(credentials: str) -> bytes:
    try:
        return sha256(credentials.encode()).digest()
    except UnicodeEncodeError:
        raise errors.EncodingNotCanonical from None


def _policies(settings: DeploymentSettings) -> Policies:
    require_valid(settings)
    try:
        return Policies(settings.routes, settings.policy_encoding)
    except ValueError as error:
        raise errors.SettingsInvalid(str(error)) from None
