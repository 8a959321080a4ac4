"""The settings of a stack as a space: the values of each setting that tests combine, and the rules between settings.

A new setting must be added to VALUES, and a rule between settings to RULES, which states it once more.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final, get_args, get_origin

import msgspec

from handlers.contract import unwrapped
from infra.settings import StackSettings
from tests.graph.covering import covering

Row = Mapping[str, Any]
"""A value for each setting."""

DEFAULT: Final = object()
"""Stands for a setting that is not set."""

ISSUER: Final = {"name": "main", "url": "https://id.example.com/", "audiences": ["https://api.example.com"]}
APP: Final = {"callbackUrls": ["https://a.example/callback"], "logoutUrls": ["http://localhost:3000"]}
NATIVE_APP: Final = {"callbackUrls": ["com.example.app:/callback"], "scopes": ["items:read"]}
SENDER: Final = {"identity": "arn:aws:ses:us-east-1:123456789012:identity/a.example", "sender": "a@a.example"}
LIMIT: Final = {"throttleRate": 1, "throttleBurst": 2}
PLAN: Final = {"name": "partners", "rate": 50, "burst": 100, "clients": {"main": ["app"]}}
OTHERS: Final = {"name": "others", "rate": 5, "burst": 10, "quota": 1000, "period": "WEEK"}
FIXED: Final = {"minimum": 2, "maximum": 2}
GROUP: Final = {"name": "AWSManagedRulesCommonRuleSet", "counted": ["NoUserAgent_HEADER"]}
NIGHT: Final = {"name": "night", "cron": "0 20 ? * MON-FRI *", "minimum": 0, "maximum": 1}
SCALED: Final = {"minimum": 1, "maximum": 10, "utilization": 0.5, "schedules": [NIGHT]}
SCALED_UNITS: Final = {"minimum": 1, "maximum": 5, "utilization": 0.5}
OVERRIDE: Final = {
    "memory": 256, "timeout": 5, "runtime": "python3.13", "environment": {"COLOR": "red"}, "reservedConcurrency": 20,
    "logLevel": "ERROR", "snapStart": False, "provisionedConcurrency": SCALED,
}  # fmt: skip
EMAIL: Final = {"protocol": "email", "endpoint": "oncall@example.com"}
PAGER: Final = {"protocol": "https", "endpoint": "https://pager.example.com/integration/key"}
TOPIC_ARN: Final = "arn:aws:sns:us-east-1:123456789012:oncall"
THRESHOLDS: Final = {
    "errorRate": 0.01, "minErrors": 1, "latency": 30_000, "minRequests": 1, "functionErrorRate": 100,
    "functionThrottles": 1_000_000, "functionDuration": 0.5, "concurrency": 99.9, "accountConcurrency": 10,
    "authorizerFaults": 1, "keyFetchFailures": 1, "revocationFailures": 1, "tableThrottles": 1, "tableErrors": 1,
}  # fmt: skip

VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    "issuers": ([ISSUER], [ISSUER, {**ISSUER, "name": "second", "url": "https://second.example.com"}]),
    "issuers[].algorithms": (DEFAULT, ["EdDSA"]),
    "issuers[].profile": (DEFAULT, "cognito", "generic"),
    "issuers[].keyUrl": (DEFAULT, "https://keys.example.com/jwks?v=1"),
    "issuers[].leeway": (DEFAULT, 0, 300),
    "issuers[].maxLifetime": (DEFAULT, 60, 604_800),
    "issuers[].scopeClaim": (DEFAULT, "scp"),
    "issuers[].scopePrefix": (DEFAULT, "api://"),
    "issuers[].scopeSeparator": (DEFAULT, "."),
    "issuers[].defaultScopes": (DEFAULT, ["items:read"]),
    "issuers[].requiredClaims": (DEFAULT, {"azp": ["app"]}),
    "issuers[].clients": (DEFAULT, ["other"], ["app", "other"]),
    "issuers[].tenantClaim": (DEFAULT, "org"),
    "identity.enabled": (DEFAULT, True),
    "identity.issuer": (DEFAULT, "second", "people"),
    "identity.apps": (DEFAULT, {"web": {**APP, "scopes": ["orders:read"]}}, {"web": APP, "mobile": NATIVE_APP}),
    "identity.machines": (DEFAULT, {"web": ["items:read"]}, {"reports": ["items:read"]}),
    "identity.selfSignUp": (DEFAULT, True),
    "identity.mfa": (DEFAULT, "none", "required"),
    "identity.password.minLength": (DEFAULT, 8, 99),
    "identity.password.require": (DEFAULT, [], ["numbers"]),
    "identity.password.history": (DEFAULT, 24),
    "identity.password.temporaryDays": (DEFAULT, 1, 365),
    "identity.tier": (DEFAULT, "lite", "plus"),
    "identity.domain": (DEFAULT, "example"),
    "identity.email": (DEFAULT, SENDER),
    "identity.accessTokenMinutes": (DEFAULT, 5, 1440),
    "identity.refreshTokenDays": (DEFAULT, 1, 3650),
    "api.flavour": (DEFAULT, "http"),
    "api.corsOrigins": (DEFAULT, ["*"], ["https://a.example", "*"], ["https://a.example", "http://localhost:3000"]),
    "api.corsHeaders": (DEFAULT, ["X-Trace"]),
    "api.corsExposedHeaders": (DEFAULT, ["X-Trace"]),
    "api.corsMaxAge": (DEFAULT, 0, 86_400),
    "api.corsCredentials": (DEFAULT, True),
    "api.throttleRate": (DEFAULT, 1, 100_000),
    "api.throttleBurst": (DEFAULT, 1, 100_000),
    "api.routes": (DEFAULT, {"items": LIMIT, "users-list": {**LIMIT, "throttleRate": 5}}),
    "api.validateBodies": (DEFAULT, True),
    "api.cache.size": (DEFAULT, "0.5"),
    "api.cache.collections": (DEFAULT, {"items": {"ttl": 60}}),
    "api.readOnly": (DEFAULT, True),
    "api.detailedMetrics": (DEFAULT, True),
    "api.stageVariables": (DEFAULT, {"readOnly": "true"}, {"color": "blue"}),
    "domain.name": (DEFAULT, "api.example.com"),
    "domain.zoneId": (DEFAULT, "Z0123456789ABCDEFGHIJ"),
    "domain.basePath": (DEFAULT, "v1"),
    "domain.certificateArn": (DEFAULT, "arn:aws:acm:us-east-1:123456789012:certificate/1a2b"),
    "domain.disableDefaultEndpoint": (DEFAULT, False),
    "waf.enabled": (DEFAULT, True),
    "waf.blocks": (DEFAULT, False),
    "waf.rateLimit": (DEFAULT, 10, 2_000_000_000),
    "waf.ruleGroups": (DEFAULT, [], [GROUP, GROUP], [GROUP]),
    "waf.logs": (DEFAULT, "none", "all"),
    "functions.architecture": (DEFAULT, "x86_64", "host"),
    "functions.compiledFiles": (DEFAULT, True),
    "functions.layout": (DEFAULT, "collection", "single"),
    "functions.layer": (DEFAULT, True),
    "functions.versions": (DEFAULT, True),
    "functions.tracing": (DEFAULT, True),
    "functions.runtime": (DEFAULT, "python3.14"),
    "functions.environment": (DEFAULT, {"TABLE": "other"}, {"COLOR": "blue"}),
    "functions.reservedConcurrency": (DEFAULT, 1, 5),
    "functions.snapStart": (DEFAULT, True),
    "functions.provisionedConcurrency": (DEFAULT, SCALED, FIXED),
    "functions.overrides": (
        DEFAULT, {"authorizer": {"timeout": 5}}, {"items": {"snapStart": True}}, {"items": OVERRIDE},
    ),
    "functions.memory": (DEFAULT, 128, 10_240),
    "functions.timeout": (DEFAULT, 3, 29),
    "data.protect": (DEFAULT, True),
    "data.deletionProtection": (DEFAULT, False, True),
    "data.recoveryDays": (DEFAULT, 0, 7),
    "data.encryption": (DEFAULT, "customer"),
    "data.capacity.mode": (DEFAULT, "provisioned"),
    "data.capacity.reads": (DEFAULT, {"maximum": 9}, {"minimum": 2}, SCALED_UNITS),
    "data.capacity.writes": (DEFAULT, SCALED_UNITS),
    "data.overrides": (
        DEFAULT, {"users": {"capacity": {"reads": {"maximum": 0}}}},
        {"events": {"capacity": {"mode": "provisioned", "reads": SCALED_UNITS, "writes": SCALED_UNITS}}},
    ),
    "data.lifetimes": (DEFAULT, {"events": 90}),
    "backups.enabled": (DEFAULT, True),
    "backups.schedule": (DEFAULT, "0 5 ? * SUN *"),
    "backups.retentionDays": (DEFAULT, 7, 365),
    "backups.coldStorageDays": (DEFAULT, 1),
    "backups.copyTo": (DEFAULT, "arn:aws:backup:eu-west-1:210987654321:backup-vault:copies"),
    "backups.lock": (DEFAULT, {"minimumDays": 30, "maximumDays": 400}),
    "authorizer.policyCache": (DEFAULT, 0, 3600),
    "authorizer.cacheBy": (DEFAULT, "token", "route"),
    "authorizer.decisionCache.seconds": (DEFAULT, 0, 3600),
    "authorizer.decisionCache.entries": (DEFAULT, 1, 100_000),
    "authorizer.keys.maxAge": (DEFAULT, 1, 604_800),
    "authorizer.keys.staleIfError": (DEFAULT, 300, 604_800),
    "authorizer.keys.cooldown": (DEFAULT, 1, 604_800),
    "authorizer.keys.retryDelay": (DEFAULT, 1, 604_800),
    "authorizer.keys.fetchTimeout": (DEFAULT, 0.1, 4.0),
    "authorizer.keys.refreshTimeout": (DEFAULT, 0.1, 8.0),
    "usage.plans": (DEFAULT, [OTHERS], [{**PLAN, "period": "DAY"}], [PLAN], [PLAN, OTHERS]),
    "usage.keys": (DEFAULT, "header"),
    "usage.unlisted": (DEFAULT, "nothing", "others"),
    "revocation.enabled": (DEFAULT, True),
    "revocation.whenUnavailable": (DEFAULT, "accept"),
    "revocation.timeout": (DEFAULT, 0.1, 8.0),
    "logs.retentionDays": (DEFAULT, 1, 3653),
    "logs.level": (DEFAULT, "DEBUG", "WARN", "ERROR"),
    "logs.decisions": (DEFAULT, False),
    "monitoring.enabled": (DEFAULT, True),
    "monitoring.subscriptions": (DEFAULT, [EMAIL, EMAIL], [EMAIL, PAGER]),
    "monitoring.topicArn": (DEFAULT, TOPIC_ARN),
    "monitoring.notifyRecovery": (DEFAULT, True),
    "monitoring.handlerMetrics": (DEFAULT, "none", "operation"),
    "monitoring.runbook": (DEFAULT, f"https://{'w' * 700}"),
    "monitoring.thresholds": (DEFAULT, THRESHOLDS),
    "provider.permissionsBoundary": (DEFAULT, "arn:aws:iam::123456789012:policy/gatehouse-account/boundary"),
    "provider.accountIds": (DEFAULT, ["210987654321"], ["123456789012"]),
    "provider.assumeRole": (
        DEFAULT, {"arn": "arn:aws-us-gov:iam::123456789012:role/deploy", "externalId": "abc", "sessionName": "ci"},
    ),
    "tags": (DEFAULT, {"team": "a", "Team": "b"}, {"team": "a"}),
}  # fmt: skip
"""Limits and choices of each setting; the last value is the one that adds most to a stack."""


@dataclass(frozen=True)
class Rule:
    """Settings that do not go together. `is_wrong` gets their values, or defaults; `reported` is what is reported.

    `is_late` is set if the contract decides too, so that it is reported when a stack is checked against the contract.
    """

    reported: str
    keys: tuple[str, ...]
    is_wrong: Callable[..., Any]
    is_late: bool = False

    def is_broken(self, row: Row) -> bool:
        """Return whether a row breaks the rule."""
        return bool(self.is_wrong(*(effective(row, key) for key in self.keys)))


def _applied(overrides: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return a setting of the functions of the collection `items`."""
    return overrides.get("items", {}).get(name, default)


REST_ONLY: Final = {
    "usage.plans": ("usage.plans", lambda plans: plans),
    "usage.keys": ("usage.keys", lambda keys: keys == "header"),
    "api.cache.size": ("api.cache", lambda size: size),
    "api.cache.collections": ("api.cache", lambda collections: collections),
    "api.validateBodies": ("api.validateBodies", lambda validate: validate),
    "waf.enabled": ("waf.enabled", lambda enabled: enabled),
    "functions.tracing": ("functions.tracing", lambda tracing: tracing),
}
"""The settings that require a REST API: what is reported, and when they require it."""

RULES: Final = (
    Rule("identity.apps", ("identity.enabled", "identity.apps", "identity.machines"),
         lambda enabled, apps, machines: enabled and not apps and not machines),
    Rule("identity.machines.web", ("identity.apps", "identity.machines"),
         lambda apps, machines: "web" in apps and "web" in machines),
    Rule("identity.apps.web.scopes", ("identity.enabled", "identity.apps"),
         lambda enabled, apps: enabled and apps.get("web", {}).get("scopes"), is_late=True),
    Rule("identity.issuer", ("identity.enabled", "identity.issuer", "issuers"),
         lambda enabled, name, issuers: enabled and name in [each["name"] for each in issuers]),
    Rule("identity.password.history", ("identity.password.history", "identity.tier"),
         lambda history, tier: history and tier == "lite"),
    Rule("api.corsOrigins", ("api.corsOrigins",), lambda origins: "*" in origins and len(origins) > 1),
    Rule("api.corsCredentials", ("api.corsCredentials", "api.corsOrigins"),
         lambda allowed, origins: allowed and (not origins or "*" in origins)),
    Rule("api.corsHeaders", ("api.corsHeaders", "api.corsOrigins"), lambda names, origins: names and not origins),
    Rule("api.corsExposedHeaders", ("api.corsExposedHeaders", "api.corsOrigins"),
         lambda names, origins: names and not origins),
    Rule("api.corsMaxAge", ("api.corsMaxAge", "api.corsOrigins"),
         lambda seconds, origins: seconds != 600 and not origins),
    Rule("api.cache.size", ("api.cache.size", "api.cache.collections"),
         lambda size, collections: collections and not size),
    Rule("api.cache.collections", ("api.cache.collections", "api.cache.size"),
         lambda collections, size: size and not collections),
    Rule("api.stageVariables.readOnly", ("api.stageVariables",), lambda variables: "readOnly" in variables),
    *(Rule(reported, ("api.flavour", key), lambda flavour, value, needs=needs: flavour == "http" and needs(value))
      for key, (reported, needs) in REST_ONLY.items()),
    Rule("domain.name", ("domain.name", "domain.zoneId", "domain.basePath", "domain.certificateArn"),
         lambda name, *others: any(others) and not name),
    Rule("domain.zoneId", ("domain.zoneId", "domain.name", "domain.certificateArn"),
         lambda zone, name, certificate: name and not zone and not certificate),
    Rule("waf.ruleGroups[1].name", ("waf.ruleGroups",), lambda groups: groups[:1] == groups[1:2] != []),
    Rule("usage.keys", ("usage.keys", "usage.plans"), lambda keys, plans: keys == "header" and not plans),
    Rule("usage.unlisted", ("usage.unlisted", "usage.keys"), lambda unlisted, keys: unlisted and keys == "header"),
    Rule("usage.unlisted", ("usage.unlisted", "usage.plans"),
         lambda unlisted, plans: unlisted and unlisted not in [each["name"] for each in plans]),
    *(Rule(f"usage.plans[{index}].clients", ("usage.plans", "usage.unlisted"),
           lambda plans, unlisted, index=index: OTHERS in plans[index : index + 1] and unlisted != "others")
      for index in (0, 1)),
    Rule("usage.plans[0].period", ("usage.plans",),
         lambda plans: plans and "quota" not in plans[0] and "period" in plans[0]),
    Rule("usage.plans[0].clients.main[0]", ("usage.plans", "issuers[].clients"),
         lambda plans, clients: clients == ["other"] and any("main" in each.get("clients", {}) for each in plans[:1])),
    *(rule for kind in ("reads", "writes") for rule in (
        Rule(f"data.capacity.{kind}.minimum", ("data.capacity.mode", f"data.capacity.{kind}"),
             lambda mode, units: (mode == "provisioned") is (units.get("minimum") is None)),
        Rule(f"data.capacity.{kind}.utilization", ("data.capacity.mode", f"data.capacity.{kind}"),
             lambda mode, units: mode == "on-demand" and units.get("utilization")))),
    Rule("backups.retentionDays", ("backups.retentionDays", "backups.coldStorageDays", "backups.lock"),
         lambda kept, cold, lock: (cold and kept < cold + 90) or (lock and not 30 <= kept <= 400)),
    Rule("provider.assumeRole.arn", ("provider.assumeRole", "provider.accountIds"),
         lambda role, ids: role and ids == ["210987654321"]),
    Rule("provider.permissionsBoundary", ("provider.permissionsBoundary", "provider.assumeRole", "provider.accountIds"),
         lambda boundary, role, ids: boundary and not role and ids == ["210987654321"]),
    Rule("tags.Team", ("tags",), lambda tags: "Team" in tags),
    Rule("functions.environment.TABLE", ("functions.environment",), lambda environment: "TABLE" in environment),
    Rule("functions.snapStart", ("functions.snapStart", "functions.versions"),
         lambda snap_start, versions: snap_start and not versions),
    Rule("functions.provisionedConcurrency",
         ("functions.provisionedConcurrency", "functions.versions", "functions.snapStart",
          "functions.reservedConcurrency"),
         lambda provisioned, versions, snap_start, reserved: provisioned
         and (not versions or snap_start or (reserved and reserved < provisioned["maximum"]))),
    Rule("functions.overrides.authorizer.timeout", ("functions.overrides",), lambda each: "authorizer" in each),
    Rule("functions.overrides.items.snapStart",
         ("functions.overrides", "functions.versions", "functions.provisionedConcurrency"),
         lambda overrides, versions, provisioned: _applied(overrides, "snapStart", default=False)
         and (not versions or provisioned)),
    Rule("functions.overrides.items.provisionedConcurrency", ("functions.overrides", "functions.versions"),
         lambda overrides, versions: _applied(overrides, "provisionedConcurrency", default=None) and not versions),
    Rule("functions.overrides.items", ("functions.overrides", "functions.layout"),
         lambda overrides, layout: layout == "single" and "items" in overrides, is_late=True),
    Rule("monitoring.enabled", ("monitoring.enabled", "logs.decisions"),
         lambda enabled, decisions: enabled and not decisions),
    Rule("monitoring.subscriptions", ("monitoring.subscriptions", "monitoring.topicArn"),
         lambda subscriptions, topic: subscriptions and topic),
    Rule("monitoring.subscriptions[1]", ("monitoring.subscriptions",), lambda each: each == [EMAIL, EMAIL]),
    Rule("issuers[0].defaultScopes", ("issuers[].defaultScopes", "issuers[].requiredClaims"),
         lambda scopes, claims: scopes and not claims),
    Rule("authorizer.keys.staleIfError", ("authorizer.keys.staleIfError", "authorizer.keys.maxAge"),
         lambda stale, age: stale <= age),
    Rule("authorizer.keys.fetchTimeout",
         ("authorizer.keys.fetchTimeout", "authorizer.keys.refreshTimeout", "revocation.enabled", "revocation.timeout"),
         lambda fetch, refresh, enabled, revoked: fetch + max(fetch, refresh) + (revoked if enabled else 0) > 9),
)  # fmt: skip


def broken(row: Row, *, late: bool = False) -> set[str]:
    """Return what is reported of a row when its settings are read or, with `late`, together with the contract."""
    return {rule.reported for rule in RULES if rule.is_late is late and rule.is_broken(row)}


def effective(row: Row, key: str) -> Any:
    """Return a setting's value, or its default."""
    return default_of(key) if row[key] is DEFAULT else row[key]


@cache
def default_of(key: str) -> Any:
    """Return a setting's default, as JSON."""
    kind: Any = StackSettings
    default: Any = None
    for name in key.replace("[]", "").split("."):
        (field,) = (each for each in msgspec.structs.fields(unwrapped(kind)) if each.encode_name == name)
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        is_list = get_origin(unwrapped(field.type)) is tuple
        kind = get_args(unwrapped(field.type))[0] if is_list else field.type
    return msgspec.json.decode(msgspec.json.encode(default))


def groups(row: Row) -> dict[str, Any]:
    """Return the settings as a stack file has them: `{"api": {"flavour": "http"}, …}`."""
    found: dict[str, Any] = {}
    for key in VALUES:  # in this order: a list comes before what is in it
        value = row.get(key, DEFAULT)
        if value is not DEFAULT:
            *path, last = key.replace("[]", ".0").split(".")
            place: Any = found
            for step in path:
                place = place[0] if step == "0" else place.setdefault(step, {})
            place[last] = copy.deepcopy(value)
    return found


def values(row: Row) -> dict[str, str]:
    """Return the settings as the program gets them."""
    present = groups(row)
    own = {f"gatehouse:{name}": json.dumps(present.get(name, {})) for name in StackSettings.__struct_fields__}
    return {"aws:region": "us-east-1", **own}


def overrides(row: Row) -> dict[str, str]:
    """Return the settings as overrides of those of any stack file."""
    return {key: value for key, value in values(row).items() if key != "aws:region"}


DEFAULTS: Final[Row] = {key: each[0] for key, each in VALUES.items()}
"""The settings of a stack that sets none."""


def everything_on(flavour: str) -> Row:
    """Return the settings that add the most resources to a stack with an API of this flavour."""
    row = {key: each[-1] for key, each in VALUES.items()} | {"api.flavour": flavour}
    row |= {
        "functions.layout": DEFAULT,
        "functions.snapStart": DEFAULT,
    }  # the most functions; with provisioned concurrency
    row |= {"domain.certificateArn": DEFAULT}  # so that one is created
    row |= {"usage.unlisted": DEFAULT, "usage.plans": [PLAN]}  # `keys: header` has no plan for unlisted clients
    row |= {"logs.decisions": DEFAULT, "monitoring.topicArn": DEFAULT}  # metrics in decisions; an own topic
    row |= dict.fromkeys(("authorizer.keys.maxAge", "authorizer.keys.fetchTimeout", "authorizer.keys.refreshTimeout",
                          "revocation.timeout"), DEFAULT)  # fmt: skip
    return row if flavour == "rest" else {**row, **dict.fromkeys(REST_ONLY, DEFAULT)}


@cache
def pairwise() -> list[Row]:
    """Return valid rows that contain every pair of values that can be in a valid row."""
    units = [[frozenset(map(_name, row.items())) for row in combinations_of(keys, valid=True)] for keys in components()]
    named = {_name((key, value)): (key, value) for key, each in VALUES.items() for value in each}
    return [dict(named[name] for name in row) for row in covering(units)]


def _name(item: tuple[str, Any]) -> str:
    """Return a text that identifies a setting's value."""
    return f"{item[0]}={item[1]!r}"


def combinations_of(keys: Sequence[str], *, valid: bool = False) -> Iterator[Row]:
    """Yield all combinations of some settings' values, or only the valid ones."""
    for found in product(*(VALUES[key] for key in keys)):
        row = dict(zip(keys, found, strict=True))
        if not (valid and any(rule.is_broken(row) for rule in RULES if set(rule.keys) <= row.keys())):
            yield row


def components() -> list[tuple[str, ...]]:
    """Return all settings in groups; those that rules connect, directly or through others, are in the same group."""
    found: list[set[str]] = [{key} for key in VALUES]
    for rule in RULES:
        connected = set(rule.keys).union(*(each for each in found if each & set(rule.keys)))
        found = [each for each in found if not each & connected] + [connected]
    return [tuple(key for key in VALUES if key in each) for each in found]
