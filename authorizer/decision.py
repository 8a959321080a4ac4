"""What API Gateway is answered about a caller, and how long that is remembered."""

from hashlib import sha256
from threading import Lock

import msgspec

from authorizer.claims import Caller
from authorizer.event import Stage
from authorizer.policy import Json, Policies
from authorizer.settings import DecisionCacheSettings, DeploymentSettings

INSUFFICIENT_SCOPE = "insufficient_scope"
"""RFC 6750 §3.1."""

CLIENT_NOT_LISTED = "client_not_listed"
"""The settings refuse clients without a usage plan."""

DECISION_ID = "decision_id"
"""The member of the context that names the decision in every line that is logged of a request."""


class Decision(msgspec.Struct, frozen=True):
    """An answer and what the log says of it. It is for one stage (`prefix`), until a second since 1970."""

    output: Json
    prefix: str
    until: float
    caller: Caller
    key_id: str | None
    error: str | None

    def with_id(self, decision_id: str) -> Json:
        """The answer with the id of this decision in its context."""
        answer = self.output.copy()
        answer["context"] = context = self.output["context"].copy()
        context[DECISION_ID] = decision_id
        return answer


def decide(
    settings: DeploymentSettings, policies: Policies, stage: Stage, caller: Caller, key_id: str | None
) -> Decision:
    """The answer about an authentic caller."""
    error, scopes, api_key = None, caller.scopes, None
    if not scopes:
        error = INSUFFICIENT_SCOPE
    if settings.usage is not None:
        api_key = _plan_key(settings, caller.issuer, caller.client)
        if api_key is None:
            error, scopes = CLIENT_NOT_LISTED, ()
    owner = caller.owner
    # API Gateway takes strings, numbers and booleans only.
    context: Json = {
        "owner": owner,
        "issuer": caller.issuer,
        "subject": caller.subject,
        "client": caller.client,
        "scope": " ".join(caller.scopes),
        "expires": caller.expires,
        "token_id": caller.token_id,
    }
    if caller.tenant is not None:
        context["tenant"] = caller.tenant
    if error is not None:
        context["error"] = error
    document = policies.document(stage, scopes, caller.expires)
    answer: Json = {"principalId": owner, "policyDocument": document, "context": context}
    if api_key is not None:
        answer["usageIdentifierKey"] = api_key
    return Decision(answer, stage.prefix, caller.expires, caller, key_id, error)


def usage_key(project: str, stack: str, issuer: str = "", client: str = "") -> str:
    """The key's value, 64 characters: API Gateway wants it unique in the account and region.

    Without issuer and client it is the default plan's.
    """
    text = f"{project}\n{stack}\n{issuer}\n{client}"
    return sha256(text.encode()).hexdigest()


def _plan_key(settings: DeploymentSettings, issuer: str, client: str) -> str | None:
    """The key of a client's plan: its own where the settings list it, else the default plan's or None, as set."""
    usage = settings.usage
    if usage is None:
        return None
    if client and client in usage.clients.get(issuer, ()):
        return usage_key(settings.project, settings.stack, issuer, client)
    return usage_key(settings.project, settings.stack) if usage.unlisted == "default" else None


class DecisionCache:
    """Decisions by the digest of the exact credential; the oldest is removed first.

    Only what passed every check is entered. Each ends with its token, or after the time that the settings give.
    """

    def __init__(self, limits: DecisionCacheSettings) -> None:
        self.enabled = limits.seconds > 0
        self._seconds = limits.seconds
        self._entries = limits.entries
        self._held: dict[bytes, tuple[float, Decision]] = {}
        self._turn = Lock()

    def find(self, digest: bytes, now: float) -> Decision | None:
        """The decision about a credential, None where there is none that is still valid. `now`: seconds since 1970."""
        held = self._held.get(digest)
        return held[1] if held is not None and now < held[0] else None

    def enter(self, digest: bytes, decision: Decision, now: float) -> None:
        """Remember a decision."""
        with self._turn:
            self._held.pop(digest, None)
            if len(self._held) >= self._entries:
                del self._held[next(iter(self._held))]
            self._held[digest] = (min(decision.until, now + self._seconds), decision)
