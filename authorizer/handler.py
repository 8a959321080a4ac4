"""The Lambda entry point: an authorizer event in, an IAM policy and a context for the handlers out."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Any

import msgspec

from authorizer import claims, fetch, log, token
from authorizer import event as events
from authorizer import settings as bundle
from authorizer.claims import ClaimRules
from authorizer.clock import SYSTEM, Clock
from authorizer.decision import Decision, Decisions, decide
from authorizer.errors import (
    AlgorithmNotAllowed,
    ClaimMissing,
    EncodingNotCanonical,
    Fault,
    IssuerUnknown,
    NotAuthentic,
    RevocationsUnavailable,
    SettingsBroken,
    SignatureWrong,
    TokenRevoked,
)
from authorizer.event import Stage
from authorizer.key_source import Fetch, KeySource
from authorizer.log import DecisionLog, Record
from authorizer.policy import Json, Policies
from authorizer.revocations import Revocations
from authorizer.settings import Issuer, Settings


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer with its keys and the rules for its tokens."""

    name: str
    algorithms: frozenset[str]
    keys: KeySource
    rules: ClaimRules


class Authorizer:
    """Decides about requests to one API. Raises SettingsBroken where its settings contradict themselves.

    `fetch` gets documents, `clock` tells the time, `emit` takes log lines, `revocations` knows what was revoked.
    Safe under threads.
    """

    def __init__(
        self,
        settings: Settings,
        fetch: Fetch = fetch.get,
        clock: Clock = SYSTEM,
        emit: Callable[[str], None] = log.write,
        revocations: Revocations | None = None,
    ) -> None:
        self._policies = _sound_policies(settings)
        self._settings = settings
        self._clock = clock
        self._revocations = revocations
        if settings.revocation.enabled and revocations is None:
            raise SettingsBroken("tokens can be revoked, but there is no list")
        self._issuers = {issuer.url: self._trusted(issuer, fetch) for issuer in settings.issuers}
        self._decisions = Decisions(settings.decisions)
        sources = [issuer.keys for issuer in self._issuers.values()]
        self._log = DecisionLog(settings, sources, emit) if settings.log_decisions else None

    def __call__(self, event: Mapping[str, Any], context: object = None) -> Json:
        """The policy for an event.

        Raises Exception("Unauthorized"), which API Gateway answers with 401, and Fault, which it answers with 503.
        """
        record = Record()
        started = self._clock.monotonic()
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
            if self._log is not None:
                record.of(decision)
                self._write(self._log, record, started, context)
            return decision.answer
        if self._log is not None:
            self._write(self._log, record, started, context)
        if failure is None:
            raise Exception("Unauthorized")  # noqa: TRY002 -- API Gateway knows this message, of this class, only
        raise failure

    def warm(self) -> None:
        """Fetch the keys of all issuers, and whatever else can be had ahead, within the keys' deadline.

        What fails is made good when it is needed.
        """
        deadline = self._clock.monotonic() + self._settings.keys.deadline
        for issuer in self._issuers.values():
            issuer.keys.warm(deadline - self._clock.monotonic())
        if self._revocations is not None:
            self._revocations.warm(deadline - self._clock.monotonic())

    def _decision(self, event: Mapping[str, Any], record: Record) -> Decision:
        value = events.credential(event)
        arn = events.arn(event)
        now = self._clock.wall()
        digest = _digest(value)
        known = self._decisions.find(digest, now)
        record.cached = known is not None and arn.startswith(known.prefix)
        decision = known if known and record.cached else self._decided(value, events.stage(arn), now, record)
        if self._revocations is not None:
            # From the moment that something is revoked, what is remembered of it does not count either.
            record.issuer, record.key_id = decision.caller.issuer, decision.key_id
            self._check_revoked(self._revocations, decision.caller, record)
        if not record.cached:
            self._decisions.enter(digest, decision, now)
        return decision

    def _decided(self, value: str, stage: Stage, now: float, record: Record) -> Decision:
        parsed = token.parse(token.bearer(value))
        header = parsed.header
        said = claims.decode(parsed.payload)
        issuer = self._issuers.get(said.iss)
        if issuer is None:
            raise IssuerUnknown
        record.issuer = issuer.name
        if header.alg not in issuer.algorithms:
            raise AlgorithmNotAllowed
        key = issuer.keys.find(header.kid, header.alg)
        record.key_id = key.key_id
        if not key.verify(parsed.signing_input, parsed.signature):
            raise SignatureWrong
        caller = issuer.rules.check(said, parsed.members, header.typ, now)
        return decide(self._settings, self._policies, stage, caller, key.key_id)

    def _check_revoked(self, revocations: Revocations, caller: claims.Caller, record: Record) -> None:
        if not caller.token_id or caller.issued_at is None:
            raise ClaimMissing("iat" if caller.token_id else "jti")
        try:
            revoked = revocations.revoked(caller)
        except RevocationsUnavailable:
            record.unchecked = True
            if self._settings.revocation.when_unavailable == "refuse":
                raise
            return
        if revoked:
            raise TokenRevoked

    def _trusted(self, issuer: Issuer, fetch: Fetch) -> TrustedIssuer:
        keys = KeySource(issuer, self._settings.keys, fetch, self._clock)
        rules = ClaimRules(issuer, self._policies.scopes)
        return TrustedIssuer(issuer.name, frozenset(issuer.algorithms), keys, rules)

    def _write(self, to: DecisionLog, record: Record, started: float, context: object) -> None:
        request_id = getattr(context, "aws_request_id", None)
        to.write(record, self._clock.wall(), self._clock.monotonic() - started, request_id)


def _digest(value: str) -> bytes:
    try:
        return sha256(value.encode()).digest()
    except UnicodeEncodeError:
        raise EncodingNotCanonical from None


def _sound_policies(settings: Settings) -> Policies:
    problems = bundle.problems(settings)
    if problems:
        raise SettingsBroken("; ".join(problems))
    try:
        return Policies(settings.routes)
    except ValueError as error:
        raise SettingsBroken(str(error)) from None


def assembled(settings: Settings) -> Authorizer:
    """The authorizer of these settings, as it runs in Lambda. Raises SettingsBroken."""
    if not settings.revocation.enabled:
        return Authorizer(settings)
    # Where nothing can be revoked, a cold start does not pay for signing requests to AWS.
    from authorizer.denylist import Denylist  # noqa: PLC0415

    return Authorizer(settings, revocations=Denylist(settings.revocation.timeout))


class Bundled:
    """The authorizer of the settings in the bundle, made when it is first possible.

    Settings that cannot be read, or keys that cannot be had, fail requests and not the process's start: a process that
    does not start is started over and over.
    """

    def __init__(
        self, load: Callable[[], Settings] = bundle.load, make: Callable[[Settings], Authorizer] = assembled
    ) -> None:
        self._load = load
        self._make = make
        self._made: Authorizer | None = None
        self._turn = Lock()

    def __call__(self, event: Mapping[str, Any], context: object) -> Json:
        """As Authorizer; raises SettingsBroken where the settings cannot be used."""
        return (self._made or self._ready())(event, context)

    def warm(self) -> None:
        """Get everything ready ahead of the first request. Raises nothing."""
        try:
            self._ready().warm()
        except SettingsBroken:
            return

    def _ready(self) -> Authorizer:
        with self._turn:
            if self._made is None:
                try:
                    self._made = self._make(self._load())
                except (OSError, msgspec.MsgspecError) as error:
                    raise SettingsBroken(f"the bundle's settings cannot be read: {error}") from None
            return self._made


_bundled = Bundled()
_bundled.warm()


def handler(event: Mapping[str, Any], context: object) -> Json:
    """What Lambda calls. Raises Exception("Unauthorized") for 401 and Fault for 503."""
    return _bundled(event, context)
