"""A stack's settings, with every mistake told at once."""

import json
from typing import Any

import msgspec
import pytest
import yaml

import authorizer.settings
from infra.authorizer import AuthorizerArgs, authorizer_bundle
from infra.bundles import ROOT, Target
from infra.naming import Names
from infra.settings import SettingsError, StackSettings, load

ISSUER = {"name": "main", "url": "https://id.example.com/", "audiences": ["https://api.example.com"]}

PLAN = {"name": "partners", "rate": 10, "burst": 20}


def texts(**values: Any) -> dict[str, str]:
    given = {"issuers": [ISSUER], **values}
    return {
        f"gatehouse:{name}": value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
    } | {"aws:region": "us-east-1"}


def report(**values: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load("gatehouse", "dev", texts(**values))
    return str(caught.value)


def test_settings_are_typed() -> None:
    settings = load("gatehouse", "dev", texts(corsOrigins=["https://a.example"], protectData=True, logRetentionDays=30))
    assert settings.issuers[0].audiences == ("https://api.example.com",)
    assert settings.cors_origins == ("https://a.example",)
    assert settings.protect_data is True
    assert settings.log_retention_days == 30


def test_every_mistake_is_reported_at_once_with_its_key_what_was_found_and_what_is_allowed() -> None:
    told = report(
        logRetentionDays=45, memoryMegabytes="much", colour="red", architecture="sparc",
        issuers=[{"name": "Main", "url": "ftp://x", "audiences": []}],
    ).splitlines()  # fmt: skip
    assert told[0] == "Pulumi.dev.yaml: 7 settings are not usable"
    by_key = {line.split(":")[1]: line for line in told[1:]}
    assert set(by_key) == {
        "logRetentionDays", "memoryMegabytes", "colour", "architecture",
        "issuers[0].name", "issuers[0].url", "issuers[0].audiences",
    }  # fmt: skip
    assert "(found 45)" in by_key["logRetentionDays"]
    assert "365" in by_key["logRetentionDays"]
    assert "allowed are architecture, authorizerCacheSeconds" in by_key["colour"]
    assert 'allowed are arm64, x86_64, host (found "sparc")' in by_key["architecture"]


def test_settings_that_fit_are_accepted() -> None:
    plans = [{**PLAN, "clients": {"main": ["a"]}}, {**PLAN, "name": "others", "quota": 5}]
    settings = load(
        "gatehouse",
        "dev",
        texts(
            issuers=[{**ISSUER, "clients": ["a", "b"]}],
            keyTimes={"deadline": 4.5, "patience": 4.5},
            usage={"plans": plans, "unlisted": "others"},
        ),
    )
    assert (settings.usage.plans[1].quota, settings.usage.refuses) == (5, False)


def test_every_settings_own_mistakes_are_reported_beside_the_others() -> None:
    told = report(
        keyTimes={"refresh": 9, "limit": 9},
        usage={"unlisted": "x"},
        corsOrigins=["*", "https://a.example"],
        colour="red",
    )
    assert told.startswith("Pulumi.dev.yaml: 4 settings are not usable")
    told = report(issuers=[{**ISSUER, "name": "Main"}], usage={"plans": [{**PLAN, "clients": {"main": ["a"]}}]})
    assert "there is no issuer" not in told, "nobody knows the issuers' names yet"


def test_what_does_not_fit_together_is_reported_beside_what_has_the_wrong_type() -> None:
    told = report(logRetentionDays=45, issuers=[{**ISSUER, "url": "http://id.example.com"}])
    assert "logRetentionDays" in told
    assert "allowed is https" in told


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"issuers": []}, "issuers"),
        (
            {"issuers": [{**ISSUER, "url": "http://id.example.com"}]},
            "url 'http://id.example.com', allowed is https, or http to a loopback address",
        ),
        (
            {"issuers": [{**ISSUER, "keyUrl": "http://keys.example.com"}]},
            "keyUrl 'http://keys.example.com', allowed is https",
        ),
        ({"issuers": [ISSUER, {**ISSUER, "url": "https://other.example"}]}, "issuer name 'main' is used twice"),
        ({"issuers": [ISSUER, {**ISSUER, "name": "other"}]}, "issuer url 'https://id.example.com/' is used twice"),
        ({"issuers": [{**ISSUER, "defaultScopes": ["items:write"]}]}, "defaultScopes need requiredClaims"),
        ({"issuers": [{**ISSUER, "url": "https://user:pw@id.example.com/"}]}, "allowed is https"),
        ({"issuers": [{**ISSUER, "url": "http://[::1"}]}, "allowed is https"),
        ({"corsOrigins": ["http://a\n"]}, "corsOrigins[0]"),
        ({"stageVariables": {"a": "b c"}}, "stageVariables"),
        ({"issuers": [{**ISSUER, "algorithms": ["HS256"]}]}, "issuers[0].algorithms"),
        ({"issuers": [{**ISSUER, "algorithms": ["none"]}]}, "issuers[0].algorithms"),
        ({"corsOrigins": ["*", "https://a.example"]}, "corsOrigins"),
        ({"corsOrigins": ["https://a.example/path"]}, "corsOrigins"),
        ({"authorizerCacheSeconds": 3601}, "authorizerCacheSeconds"),
        ({"protectData": "yes"}, "protectData"),
        ({"timeoutSeconds": 30}, "timeoutSeconds"),
        ({"keyTimes": {"refresh": 60, "limit": 60}}, "keyTimes: refresh (60 s) is not less than limit (60 s)"),
        ({"keyTimes": {"deadline": 5}}, "are 10 s together; allowed are 9"),
        (
            {"keyTimes": {"deadline": 4}, "revocation": {"enabled": True, "timeout": 1.5}},
            "are 9.5 s together; allowed are 9",
        ),
        ({"keyTimes": {"deadline": 3, "patience": 6.5}}, "are 9.5 s together; allowed are 9"),
        ({"keyTimes": {"deadline": 0.01}}, "keyTimes.deadline"),
        ({"revocation": {"timeout": 0.01}}, "revocation.timeout"),
        ({"issuers": [{**ISSUER, "name": "main\n"}]}, "issuers[0].name"),
        ({"issuers": "[" * 5000}, "issuers"),
        ({"keyTimes": {"refreshed": 60}}, "keyTimes.refreshed: unknown"),
        ({"decisionCache": {"seconds": 3601}}, "decisionCache.seconds"),
        ({"revocation": {"whenUnavailable": "ignore"}}, "allowed are refuse, accept"),
        ({"revocation": True}, "revocation: Expected `object`"),
        ({"usage": {"plans": [{"name": "a", "rate": 1}]}}, "usage.plans[0].burst: required"),
        ({"usage": {"plans": [PLAN, PLAN]}}, "the plan 'partners' is there twice"),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"main": ["a", "a"]}}]}},
            "client 'a' of issuer 'main' is listed twice",
        ),
        ({"usage": {"plans": [{**PLAN, "clients": {"other": ["a"]}}]}}, "no issuer 'other'; allowed are main"),
        ({"usage": {"plans": [PLAN], "unlisted": "all"}}, "no plan 'all'; allowed are partners"),
        ({"usage": {"unlisted": "all"}}, "no plan 'all'; allowed are none"),
        ({"usage": {"plans": [PLAN]}}, "the plan 'partners' is nobody's"),
        ({"usage": {"plans": [{**PLAN, "clients": {"main": []}}]}}, "the plan 'partners' is nobody's"),
        ({"usage": {"plans": [{**PLAN, "clients": {"main": ["ö" * 200]}}]}}, "of at most 255 bytes"),
        ({"usage": {"plans": [{**PLAN, "period": "DAY"}]}}, "the plan 'partners' has a period but no quota"),
        ({"usage": {"plans": [{**PLAN, "clients": {"x": []}}]}}, "no issuer 'x'; allowed are main"),
        ({"usage": {"plans": [{**PLAN, "quota": 2**31}]}}, "usage.plans[0].quota"),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"main": ["a\nb"]}}]}},
            "client 'a\\nb' is none: allowed are",
        ),
        (
            {
                "issuers": [{**ISSUER, "clients": ["a"]}],
                "usage": {"plans": [{**PLAN, "clients": {"main": ["a", "b"]}}]},
            },
            "the client 'b' is none of those that issuer 'main' accepts: a",
        ),
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, Any], said: str) -> None:
    assert said in report(**values)


def test_a_missing_required_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="gatehouse:issuers: required"):
        load("gatehouse", "dev", {"aws:region": "us-east-1"})


def test_the_region_is_required() -> None:
    given = texts()
    del given["aws:region"]
    with pytest.raises(SettingsError, match="aws:region: required"):
        load("gatehouse", "dev", given)


def test_pulumi_yaml_describes_every_setting_with_the_programs_own_default() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(StackSettings)}
    assert {name.removeprefix("gatehouse:") for name in declared} == set(fields)
    for name, told in declared.items():
        assert told["description"]
        field = fields[name.removeprefix("gatehouse:")]
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        found = told.get("default", told.get("value", msgspec.NODEFAULT))
        assert default == (found if found is msgspec.NODEFAULT else msgspec.convert(found, field.type)), name


def test_usage_and_times_reach_the_authorizer() -> None:
    plans = [{**PLAN, "clients": {"main": ["a", "b"]}}, {**PLAN, "name": "more", "clients": {"main": ["c"]}}]
    settings = load("gatehouse", "dev", texts(usage={"plans": plans}, keyTimes={"refresh": 60}))
    names = Names("gatehouse", "dev")
    bundle = authorizer_bundle(
        AuthorizerArgs(names=names, routes=(), target=Target.of(settings.architecture), settings=settings)
    )
    (data,) = bundle.generated.values()
    told = msgspec.json.decode(data, type=authorizer.settings.Settings)
    assert told.usage == authorizer.settings.Usage(clients={"main": ("a", "b", "c")}, unlisted="refuse")
    assert (told.keys.refresh, told.keys.limit) == (60, 21_600)
