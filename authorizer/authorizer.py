"""The authorizer: an event of API Gateway in, an IAM policy and a context for the handlers out."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from authorizer import claims, log, token
from authorizer import event as events
from authorizer.claims import ClaimRules
from authorizer.clock import SYSTEM, Clock
from authorizer.decision import Decision, DecisionCache, decide
from authorizer.errors import (
    AlgorithmNotAllowed,
    ClaimMissing,
    EncodingNotCanonical,
    Fault,
    IssuerUnknown,
    NotAuthentic,
    RevocationsUnavailable,
    SettingsInvalid,
    SignatureInvalid,
    TokenRevoked,
)
from authorizer.key_source import KeySource, KeySources
from authorizer.log import DecisionLog, Record
from authorizer.policy import Json, Policies
from authorizer.settings import DeploymentSettings, Issuer, require_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from authorizer.event import Stage
    from authorizer.revocation.entries import Revocations


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer with its keys and the rules for its tokens."""

    name: str
    algorithms: frozenset[str]
    keys: KeySource
    rules: ClaimRules


class Authorizer:
    """Decides about requests to one API. Raises SettingsInvalid where its settings contradict themselves.

    `sources` are the issuers' keys, `clock` tells the time, `emit` takes log lines, `revocations`
    knows what was revoked. Safe under threads.
    """

    def __init__(
        self,
        settings: DeploymentSettings,
        sources: KeySources | None = None,
        clock: Clock = SYSTEM,
        emit: Callable[[bytes], None] = log.write,
        revocations: Revocations | None = None,
    ) -> None:
        self._policies = _sound_policies(settings)
        self._settings = settings
        self._wall = clock.wall
        self._monotonic = clock.monotonic
        self._revocations = revocations
        self._stage: Stage | None = None  # of the last request: a function has one
        if settings.revocation.enabled and revocations is None:
            raise SettingsInvalid("tokens can be revoked, but there is no list")
        sources = sources or KeySources(settings, clock=clock)
        self._issuers = {issuer.url: self._trusted(issuer, sources.by_url[issuer.url]) for issuer in settings.issuers}
        self._decisions = DecisionCache(settings.decision_cache)
        self._log = DecisionLog(settings, sources.counts, emit) if settings.log_decisions else None

    def __call__(self, event: Mapping[str, Any], context: Any = None) -> Json:
        """The policy for an event.

        Raises Exception("Unauthorized"), which API Gateway answers with 401, and Fault, which it answers with 503.
        """
        started = 0.0 if self._log is None else self._monotonic()
        record = Record()
        failure: Exception | None = None
        try:
            decision = self._decision(event, record)
        except NotAuthentic as refusal:
            record.outcome, record.reason, record.claim = "unauthorized", refusal.reason, refusal.claim
        except Fault as fault:
            record.reason, failure = fault.reason, type(fault)(*fault.args)
        except Exception as error:  # noqa: BLE001 -- whatever it is, its message may hold parts of the token
            record.reason, failure = f"internal:{type(error).__name__}", Fault("the decision failed")
        else:
            if self._log is None:
                return decision.output
            record.of(decision)
            self._write(self._log, record, started, context)
            return decision.with_id(record.decision_id)
        if self._log is not None:
            self._write(self._log, record, started, context)
        # API Gateway knows this message, of this class, only.
        raise failure or Exception("Unauthorized")

    def _write(self, to: DecisionLog, record: Record, started: float, context: Any) -> None:
        if context is not None:
            record.decision_id = context.aws_request_id or ""
        to.write(record, self._wall(), self._monotonic() - started)

    def _decision(self, event: Mapping[str, Any], record: Record) -> Decision:
        value = events.credential(event)
        arn = events.arn(event)
        now = self._wall()
        if not self._decisions.enabled:
            return self._checked(value, arn, now, record)
        digest = _digest(value)
        decision = self._decisions.find(digest, now)
        if decision is not None and arn.startswith(decision.prefix):
            record.cached = 1
            if self._revocations is not None:
                # What is revoked is revoked in what is remembered too.
                self._check_revoked(self._revocations, decision, record)
            return decision
        decision = self._checked(value, arn, now, record)
        self._decisions.enter(digest, decision, now)
        return decision

    def _checked(self, value: str, arn: str, now: float, record: Record) -> Decision:
        stage = self._stage
        if stage is None or not arn.startswith(stage.prefix):
            stage = self._stage = events.stage(arn)
        parsed = token.parse(token.bearer(value))
        header = parsed.header
        said = claims.parse_claims(parsed.members)
        issuer = self._issuers.get(said.iss)
        if issuer is None:
            raise IssuerUnknown
        record.issuer = issuer.name
        if header.alg not in issuer.algorithms:
            raise AlgorithmNotAllowed
        key = issuer.keys.find(header.kid, header.alg)
        record.key_id = key.key_id
        if not key.verify(parsed.signing_input, parsed.signature):
            raise SignatureInvalid
        caller = issuer.rules.check(said, parsed.members, header.typ, now)
        decision = decide(self._settings, self._policies, stage, caller, key.key_id)
        if self._revocations is not None:
            self._check_revoked(self._revocations, decision, record)
        return decision

    def _check_revoked(self, revocations: Revocations, decision: Decision, record: Record) -> None:
        caller = decision.caller
        record.issuer, record.key_id = caller.issuer, decision.key_id
        if not caller.token_id or caller.issued_at is None:
            raise ClaimMissing("iat" if caller.token_id else "jti")
        try:
            revoked = revocations.revoked(caller)
        except RevocationsUnavailable:
            record.unchecked = 1
            if self._settings.revocation.when_unavailable == "refuse":
                raise
            return
        if revoked:
            raise TokenRevoked

    def _trusted(self, issuer: Issuer, keys: KeySource) -> TrustedIssuer:
        rules = ClaimRules(issuer, self._policies.scopes)
        return TrustedIssuer(issuer.name, frozenset(issuer.algorithms), keys, rules)


def _digest(value: str) -> bytes:
    try:
        return sha256(value.encode()).digest()
    except UnicodeEncodeError:
        raise EncodingNotCanonical from None


def _sound_policies(settings: DeploymentSettings) -> Policies:
    require_valid(settings)
    try:
        return Policies(settings.routes, settings.policy_encoding)
    except ValueError as error:
        raise SettingsInvalid(str(error)) from None
