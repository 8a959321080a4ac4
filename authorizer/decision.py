"""Decisions: the authorizer's output about an authentic caller, and a cache of them."""

from hashlib import sha256
from threading import Lock

import msgspec

from authorizer.claims import Caller
from authorizer.event import Route, Stage
from authorizer.policy import Json, Policies
from authorizer.settings import DecisionCacheSettings, DeploymentSettings, UsageClients

INSUFFICIENT_SCOPE = "insufficient_scope"
"""RFC 6750 §3.1."""

CLIENT_NOT_LISTED = "client_not_listed"
"""The client is in no usage plan, and the settings reject such clients."""

DECISION_ID = "decision_id"
"""The member of the context with the id of the decision, which every log line about the request contains."""


class Decision(msgspec.Struct, frozen=True):
    """The output for API Gateway about a caller, valid for one stage and until `expires` (seconds since 1970).

    With a route, it is valid only for that route.
    """

    output: Json
    stage_prefix: str
    expires: float
    caller: Caller
    key_id: str | None
    error: str | None
    route: Route | None = None

    def with_id(self, decision_id: str) -> Json:
        """Return the output with the id of this decision in its context."""
        output = self.output.copy()
        output["context"] = context = self.output["context"].copy()
        context[DECISION_ID] = decision_id
        return output


def decide(
    settings: DeploymentSettings,
    policies: Policies,
    stage: Stage,
    caller: Caller,
    key_id: str | None,
    route: Route | None = None,
) -> Decision:
    """Decide about an authentic caller: about one route, or about all. Raises EventMalformed."""
    scopes = policies.granted(caller.scopes, route)
    error = None if scopes else INSUFFICIENT_SCOPE
    api_key = None
    if settings.usage is not None:
        api_key = _api_key(settings, settings.usage, caller)
        if api_key is None:
            error = CLIENT_NOT_LISTED
    context = _context(caller, scopes, error)
    document = policies.document(stage, () if error else scopes, caller.expires, route)
    output: Json = {"principalId": context["owner"], "policyDocument": document, "context": context}
    if api_key is not None:
        output["usageIdentifierKey"] = api_key
    return Decision(output, stage.prefix, caller.expires, caller, key_id, error, route)


def _context(caller: Caller, scopes: tuple[str, ...], error: str | None) -> Json:
    """Return the context for the handlers. API Gateway accepts only strings, numbers and booleans as its values."""
    context: Json = {
        "owner": caller.owner,
        "issuer": caller.issuer,
        "subject": caller.subject,
        "client": caller.client,
        "scope": " ".join(scopes),
        "expires": caller.expires,
        "token_id": caller.token_id,
    }
    if caller.tenant is not None:
        context["tenant"] = caller.tenant
    if error is not None:
        context["error"] = error
    return context


def usage_key(project: str, stack: str, issuer: str = "", client: str = "") -> str:
    """Return the value of the API key that a usage plan throttles a client by: 64 characters.

    API Gateway requires values that are unique in the account and region. Without issuer and client, it is the key that
    all unlisted clients share.
    """
    return sha256(f"{project}\n{stack}\n{issuer}\n{client}".encode()).hexdigest()


def _api_key(settings: DeploymentSettings, usage: UsageClients, caller: Caller) -> str | None:
    """Return the caller's API key, the unlisted clients' shared one, or None if the settings reject such clients."""
    client = usage.names.get(caller.issuer, {}).get(caller.client, caller.client)
    if client and client in usage.clients.get(caller.issuer, ()):
        return usage_key(settings.project, settings.stack, caller.issuer, client)
    return usage_key(settings.project, settings.stack) if usage.unlisted == "default" else None


class DecisionCache:
    """Decisions by the digest of the credentials; the oldest is removed first.

    Only decisions that passed every check are added. Each expires with its token, or after the time in the settings.
    """

    def __init__(self, settings: DecisionCacheSettings) -> None:
        self.enabled = settings.seconds > 0
        self._seconds = settings.seconds
        self._max_entries = settings.entries
        self._entries: dict[bytes, tuple[float, Decision]] = {}
        self._lock = Lock()

    def get(self, digest: bytes, arn: str, now: float) -> Decision | None:
        """Return the unexpired decision for the stage of a method's ARN. `now` is in seconds since 1970."""
        entry = self._entries.get(digest)
        return entry[1] if entry is not None and now < entry[0] and arn.startswith(entry[1].stage_prefix) else None

    def put(self, digest: bytes, decision: Decision, now: float) -> None:
        """Add a decision that was made at `now`."""
        with self._lock:
            self._entries.pop(digest, None)
            if len(self._entries) >= self._max_entries:
                del self._entries[next(iter(self._entries))]
            self._entries[digest] = (min(decision.expires, now + self._seconds), decision)
