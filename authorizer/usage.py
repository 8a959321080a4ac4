"""The API key that stands for a client, so that a usage plan throttles it."""

from hashlib import sha256

from authorizer.settings import Settings


def usage_key(project: str, stack: str, issuer: str = "", client: str = "") -> str:
    """The key's value, 64 characters: API Gateway wants it unique in the account and region.

    Without issuer and client it is the default plan's.
    """
    named = f"{project}\n{stack}\n{issuer}\n{client}"
    return sha256(named.encode()).hexdigest()


def key_for(settings: Settings, issuer: str, client: str) -> str | None:
    """The key of a client's plan: its own where the settings list it, else the default plan's or None, as set."""
    usage = settings.usage
    if usage is None:
        return None
    if client and client in usage.clients.get(issuer, ()):
        return usage_key(settings.project, settings.stack, issuer, client)
    return usage_key(settings.project, settings.stack) if usage.unlisted == "default" else None
