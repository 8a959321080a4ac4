"""The settings of usage plans: limits for each client, and where the API keys of clients come from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from authorizer.settings import PRINTABLE, Issuer, Name, UsageClients, is_printable
from handlers.contract import FieldError


class UsagePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits for each client of a plan."""

    name: Annotated[Name, Meta(description="The plan's name.")]
    rate: Annotated[int, Meta(ge=1, le=100_000, description="Requests per second of each client, on average.")]
    burst: Annotated[int, Meta(ge=1, le=100_000, description="Requests that each client may send at once.")]
    quota: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | None,
        Meta(description="Requests of each client in a period. There is no quota unless set."),
    ] = None
    period: Annotated[
        Literal["DAY", "WEEK", "MONTH"] | None, Meta(description="The period of the quota: a `DAY` unless set.")
    ] = None
    clients: Annotated[
        dict[str, tuple[Annotated[str, Meta(min_length=1, max_length=255)], ...]],
        Meta(description="The plan's client ids, listed by the name of their issuer."),
    ] = {}


class UsageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Usage plans, which throttle each client separately."""

    plans: Annotated[tuple[UsagePlan, ...], Meta(description="The plans. Without any, clients are not limited.")] = ()
    keys: Annotated[
        Literal["authorizer", "header"],
        Meta(
            description="Where API keys come from: the `authorizer` returns one for the token's client, or clients "
            "send a random one in the `header` x-api-key, in addition to the token."
        ),
    ] = "authorizer"
    unlisted: Annotated[
        str | None,
        Meta(description="The plan that all clients without a plan share. Unless set, they get status 403."),
    ] = None

    @property
    def rejects_unlisted(self) -> bool:
        """Whether the authorizer rejects clients without a plan."""
        return bool(self.plans) and self.unlisted is None and not self.requires_keys

    @property
    def requires_keys(self) -> bool:
        """Whether clients send their API keys."""
        return self.keys == "header"

    def clients(self) -> UsageClients | None:
        """Return the listed clients by issuer, for the authorizer; None if it has to return no keys."""
        if not self.plans or self.requires_keys:
            return None
        clients: dict[str, tuple[str, ...]] = {}
        for plan in self.plans:
            for issuer, listed in plan.clients.items():
                clients[issuer] = (*clients.get(issuer, ()), *listed)
        return UsageClients(clients=clients, unlisted="refuse" if self.rejects_unlisted else "default")

    def problems(self, issuers: Sequence[Issuer]) -> Iterator[FieldError]:
        """Yield mistakes between fields. If `issuers` is empty, the plans' clients are not compared with them."""
        yield from _key_problems(self)
        yield from _plan_problems(self)
        yield from _client_problems(self, {issuer.name: issuer for issuer in issuers})


def _key_problems(usage: UsageSettings) -> Iterator[FieldError]:
    if usage.requires_keys and not usage.plans:
        yield FieldError("usage.keys", "needs plans: each key belongs to a client of a plan", usage.keys)
    if usage.requires_keys and usage.unlisted is not None:
        requirement = "must not be set with `keys: header`: only listed clients have keys"
        yield FieldError("usage.unlisted", requirement, usage.unlisted)


def _plan_problems(usage: UsageSettings) -> Iterator[FieldError]:
    names = [plan.name for plan in usage.plans]
    if usage.unlisted is not None and usage.unlisted not in names:
        known = ", ".join(dict.fromkeys(names)) or "none"
        yield FieldError("usage.unlisted", f"must be the name of a plan; plans: {known}", usage.unlisted)
    for index, plan in enumerate(usage.plans):
        key = f"usage.plans[{index}]"
        if plan.name in names[:index]:
            yield FieldError(f"{key}.name", "must not be that of another plan", plan.name)
        if plan.period is not None and plan.quota is None:
            yield FieldError(f"{key}.period", "needs a quota", plan.period)
        if not any(plan.clients.values()) and plan.name != usage.unlisted:
            yield FieldError(f"{key}.clients", "must not be empty, except for the plan that `unlisted` names")


def _client_problems(usage: UsageSettings, issuers: Mapping[str, Issuer]) -> Iterator[FieldError]:
    listed: set[tuple[str, str]] = set()
    for index, plan in enumerate(usage.plans):
        for issuer, clients in plan.clients.items():
            key = f"usage.plans[{index}].clients.{issuer}"
            if issuers and issuer not in issuers:
                yield FieldError(key, f"unknown issuer; issuers: {', '.join(sorted(issuers))}")
            accepted = issuers[issuer].clients if issuer in issuers else ()
            for number, client in enumerate(clients):
                client_key = f"{key}[{number}]"
                if (issuer, client) in listed:
                    yield FieldError(client_key, "must be listed once", client)
                listed.add((issuer, client))
                if not is_printable(client):
                    yield FieldError(client_key, PRINTABLE, client[:40])
                elif accepted and client not in accepted:
                    required = f"must be accepted by its issuer; clients: {', '.join(accepted)}"
                    yield FieldError(client_key, required, client)
