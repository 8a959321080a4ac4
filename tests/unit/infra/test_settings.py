"""A stack's settings, with every mistake reported at once."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar, get_args

import msgspec
import pytest

import authorizer.settings
from authorizer.errors import SettingsInvalid
from handlers.contract import REQUIREMENT, load_collections
from infra.api.rest_only import REST_ONLY
from infra.authorizer.authorizer import authorizer_bundle
from infra.naming import Names
from infra.packaging.bundles import Target
from infra.settings import MOVED, StackSettings, load
from infra.stack_file import ENCRYPTED, SettingsError

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
    given = texts(api={"corsOrigins": ["https://a.example"]}, data={"protect": True}, logs={"retentionDays": 30})
    settings = load("gatehouse", "dev", given)
    assert settings.issuers[0].audiences == ("https://api.example.com",)
    assert settings.api.cors_origins == ("https://a.example",)
    assert settings.data.protect is True
    assert settings.logs.retention_days == 30


def test_every_mistake_is_reported_at_once_with_its_key_what_was_found_and_what_is_allowed() -> None:
    text = report(
        logs={"retentionDays": 45}, functions={"memory": "much", "architecture": "sparc"}, colour="red",
        issuers=[{"name": "Main", "url": "ftp://x", "audiences": []}],
    ).splitlines()  # fmt: skip
    assert text[0] == "7 invalid settings in Pulumi.dev.yaml"
    by_key = {line.split(":")[1]: line for line in text[1:]}
    assert set(by_key) == {
        "logs.retentionDays", "functions.memory", "colour", "functions.architecture",
        "issuers[0].name", "issuers[0].url", "issuers[0].audiences",
    }  # fmt: skip
    assert "(found 45)" in by_key["logs.retentionDays"]
    assert "365" in by_key["logs.retentionDays"]
    assert by_key["colour"].endswith(f"unknown setting; allowed: {', '.join(StackSettings.__struct_fields__)}")
    assert 'must be one of: arm64, x86_64, host (found "sparc")' in by_key["functions.architecture"]


def test_valid_settings_are_accepted() -> None:
    plans = [{**PLAN, "clients": {"main": ["a"]}}, {**PLAN, "name": "others", "quota": 5}]
    settings = load(
        "gatehouse",
        "dev",
        texts(
            issuers=[{**ISSUER, "clients": ["a", "b"]}],
            authorizer={"keys": {"fetchTimeout": 4.5, "refreshTimeout": 4.5}},
            usage={"plans": plans, "unlisted": "others"},
        ),
    )
    assert (settings.usage.plans[1].quota, settings.usage.rejects_unlisted) == (5, False)


def test_every_settings_own_mistakes_are_reported_beside_the_others() -> None:
    text = report(
        authorizer={"keys": {"maxAge": 9, "staleIfError": 9}},
        usage={"unlisted": "x"},
        api={"corsOrigins": ["*", "https://a.example"]},
        colour="red",
    )
    assert text.startswith("4 invalid settings in Pulumi.dev.yaml")
    text = report(issuers=[{**ISSUER, "name": "Main"}], usage={"plans": [{**PLAN, "clients": {"main": ["a"]}}]})
    assert "unknown issuer" not in text, "the issuers' names are not known yet"


def test_what_does_not_fit_together_is_reported_beside_what_has_the_wrong_type() -> None:
    text = report(logs={"retentionDays": 45}, issuers=[{**ISSUER, "url": "http://id.example.com"}])
    assert "logs.retentionDays" in text
    assert "must be https" in text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"issuers": []}, "issuers"),
        (
            {"issuers": [{**ISSUER, "url": "http://id.example.com"}]},
            "gatehouse:issuers[0].url: must be https, or http to a loopback address",
        ),
        (
            {"issuers": [{**ISSUER, "keyUrl": "http://keys.example.com"}]},
            "gatehouse:issuers[0].keyUrl: must be https, or http to a loopback address",
        ),
        (
            {"issuers": [ISSUER, {**ISSUER, "url": "https://other.example"}]},
            "gatehouse:issuers[1].name: must not be the name of another issuer",
        ),
        (
            {"issuers": [ISSUER, {**ISSUER, "name": "other"}]},
            "gatehouse:issuers[1].url: must not be the URL of another",
        ),
        (
            {"issuers": [{**ISSUER, "defaultScopes": ["items:write"]}]},
            "issuers[0].defaultScopes: requires requiredClaims",
        ),
        ({"issuers": [{**ISSUER, "url": "https://user:pw@id.example.com/"}]}, "url: must be https"),
        ({"issuers": [{**ISSUER, "url": "http://[::1"}]}, "url: must be https"),
        ({"api": {"corsOrigins": ["http://a\n"]}}, "api.corsOrigins[0]"),
        (
            {"api": {"stageVariables": {"a": "b c"}}},
            "gatehouse:api.stageVariables.a: must be one or more letters, digits and characters",
        ),
        (
            {"api": {"stageVariables": {"a b": "c"}}},
            "gatehouse:api.stageVariables.a b: its name must be one or more letters",
        ),
        ({"tags": {"Name": 3}}, "gatehouse:tags.Name: must be a string (found 3)"),
        ({"tags": {"Name": {"a": "b"}}}, 'gatehouse:tags.Name: must be a string (found {"a": "b"})'),
        (
            {"tags": {"AWS:x": "a"}},
            "gatehouse:tags.AWS:x: its name must be 1 to 128 letters, digits, spaces and any of",
        ),
        ({"tags": {"": "a"}}, "its name must be 1 to 128 letters"),
        ({"tags": {"cost*center": "a"}}, "its name must be 1 to 128 letters"),
        ({"tags": {"team": "50%"}}, "gatehouse:tags.team: must be letters, digits, spaces and any of"),
        ({"tags": {"team": "a" * 257}}, "gatehouse:tags.team: must have at most 256 characters"),
        ({"tags": {"team": "Aws:a"}}, "gatehouse:tags.team: must be letters"),
        ({"tags": {"team": "a", "Team": "b"}}, "gatehouse:tags.Team: must differ from team in more than upper and low"),
        ({"tags": dict.fromkeys(map(str, range(51)), "a")}, "gatehouse:tags: must have at most 50"),
        ({"issuers": [{**ISSUER, "audiences": ["a", ""]}]}, "gatehouse:issuers[0].audiences[1]: must not be empty"),
        (
            {"issuers": [{**ISSUER, "requiredClaims": {"groups": ["a", 3]}}]},
            "gatehouse:issuers[0].requiredClaims.groups[1]: must be a string (found 3)",
        ),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"main": [3]}}]}},
            "gatehouse:usage.plans[0].clients.main[0]: must be a string (found 3)",
        ),
        ({"usage": {"plans": [{**PLAN, "period": "YEAR"}]}}, "must be one of: DAY, WEEK, MONTH"),
        ({"issuers": [{**ISSUER, "algorithms": ["HS256"]}]}, "issuers[0].algorithms"),
        ({"issuers": [{**ISSUER, "algorithms": ["none"]}]}, "issuers[0].algorithms"),
        ({"api": {"corsOrigins": ["*", "https://a.example"]}}, "api.corsOrigins: must be either"),
        ({"api": {"corsOrigins": ["https://a.example/path"]}}, "api.corsOrigins[0]"),
        ({"authorizer": {"policyCache": 3601}}, "authorizer.policyCache"),
        ({"data": {"protect": "yes"}}, "data.protect"),
        ({"functions": {"timeout": 30}}, "functions.timeout"),
        (
            {"authorizer": {"keys": {"maxAge": 60, "staleIfError": 60}}},
            "authorizer.keys.staleIfError: must be greater than maxAge, which is 60 (found 60)",
        ),
        ({"authorizer": {"keys": {"fetchTimeout": 5}}}, "add up to 10 seconds, but must not exceed 9"),
        (
            {"authorizer": {"keys": {"fetchTimeout": 4}}, "revocation": {"enabled": True, "timeout": 1.5}},
            "add up to 9.5 seconds, but must not exceed 9",
        ),
        (
            {"authorizer": {"keys": {"fetchTimeout": 3, "refreshTimeout": 6.5}}},
            "add up to 9.5 seconds, but must not exceed 9",
        ),
        ({"authorizer": {"keys": {"fetchTimeout": 0.01}}}, "authorizer.keys.fetchTimeout"),
        ({"revocation": {"timeout": 0.01}}, "revocation.timeout"),
        ({"issuers": [{**ISSUER, "name": "main\n"}]}, "issuers[0].name"),
        ({"issuers": "[" * 5000}, "issuers"),
        (
            {"issuers": [{**ISSUER, "clients": ["a", "b\n"]}]},
            'issuers[0].clients[1]: must be printable and at most 255 bytes (found "b\\n")',
        ),
        ({"issuers": [{**ISSUER, "clients": 5}]}, "issuers[0].clients: must be a list"),
        ({"authorizer": {"keys": {"refreshed": 60}}}, "authorizer.keys.refreshed: unknown"),
        ({"authorizer": {"decisionCache": {"seconds": 3601}}}, "authorizer.decisionCache.seconds"),
        ({"revocation": {"whenUnavailable": "ignore"}}, "must be one of: refuse, accept"),
        ({"revocation": True}, "revocation: must be an object"),
        ({"usage": {"plans": [{"name": "a", "rate": 1}]}}, "usage.plans[0].burst: is required"),
        (
            {"usage": {"plans": [PLAN, PLAN]}},
            'usage.plans[1].name: must not be that of another plan (found "partners")',
        ),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"main": ["a", "a"]}}]}},
            'usage.plans[0].clients.main[1]: must be listed once (found "a")',
        ),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"other": ["a"]}}]}},
            "usage.plans[0].clients.other: unknown issuer; issuers: main",
        ),
        (
            {"usage": {"plans": [PLAN], "unlisted": "all"}},
            'usage.unlisted: must be the name of a plan; plans: partners (found "all")',
        ),
        ({"usage": {"unlisted": "all"}}, "usage.unlisted: must be the name of a plan; plans: none"),
        ({"usage": {"plans": [PLAN]}}, "usage.plans[0].clients: must not be empty"),
        ({"usage": {"plans": [{**PLAN, "clients": {"main": []}}]}}, "usage.plans[0].clients: must not be empty"),
        ({"usage": {"plans": [{**PLAN, "clients": {"main": ["ö" * 200]}}]}}, "at most 255 bytes"),
        ({"usage": {"plans": [{**PLAN, "period": "DAY"}]}}, "usage.plans[0].period: needs a quota"),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"x": []}}]}},
            "usage.plans[0].clients.x: unknown issuer; issuers: main",
        ),
        ({"usage": {"plans": [{**PLAN, "quota": 2**31}]}}, "usage.plans[0].quota"),
        ({"usage": {"keys": "header"}}, "usage.keys: needs plans"),
        ({"usage": {"keys": "cookie"}}, "usage.keys: must be one of: authorizer, header"),
        (
            {"usage": {"keys": "header", "plans": [PLAN], "unlisted": PLAN["name"]}},
            "usage.unlisted: must not be set with `keys: header`: only listed clients have keys",
        ),
        ({"api": {"cache": {"size": 2, "collections": {"items": {"ttl": 1}}}}}, "api.cache.size: must be one of: 0.5,"),
        ({"api": {"cache": {"size": 0.5}}}, "api.cache.collections: must not be empty"),
        ({"api": {"cache": {"collections": {"items": {"ttl": 1}}}}}, "api.cache.size: is required"),
        ({"api": {"cache": {"size": 0.5, "collections": {"items": {"ttl": 3601}}}}}, "api.cache.collections.items.ttl"),
        ({"api": {"routes": {"items": {"throttleRate": 1}}}}, "api.routes.items.throttleBurst: is required"),
        ({"api": {"stageVariables": {"readOnly": "x"}}}, "api.stageVariables.readOnly: must not be set here"),
        ({"api": {"stageVariables": {"responseCache": "x"}}}, "api.stageVariables.responseCache: must not be set here"),
        ({"api": {"corsCredentials": True}}, "api.corsCredentials: needs corsOrigins"),
        ({"api": {"corsMaxAge": 1}}, "api.corsMaxAge: needs corsOrigins"),
        ({"api": {"corsHeaders": ["X-A"]}}, "api.corsHeaders: needs corsOrigins"),
        ({"api": {"corsExposedHeaders": ["X-A"]}}, "api.corsExposedHeaders: needs corsOrigins"),
        (
            {"api": {"corsOrigins": ["*"], "corsCredentials": True}},
            'api.corsCredentials: needs a list of origins in corsOrigins instead of "*"',
        ),
        (
            {"api": {"corsOrigins": ["https://a.example"], "corsHeaders": ["a'b"]}},
            "api.corsHeaders[0]: must be 1 to 64 letters, digits and hyphens",
        ),
        (
            {"usage": {"plans": [{**PLAN, "clients": {"main": ["a\nb"]}}]}},
            'usage.plans[0].clients.main[0]: must be printable and at most 255 bytes (found "a\\nb")',
        ),
        (
            {
                "issuers": [{**ISSUER, "clients": ["a"]}],
                "usage": {"plans": [{**PLAN, "clients": {"main": ["a", "b"]}}]},
            },
            'usage.plans[0].clients.main[1]: must be accepted by its issuer; clients: a (found "b")',
        ),
    ],
)
def test_invalid_settings_are_rejected(values: dict[str, Any], expected: str) -> None:
    assert expected in report(**values)


def test_rules_between_fields_are_checked_although_other_fields_have_the_wrong_type() -> None:
    plans = [
        {**PLAN, "rate": "fast", "clients": {"main": ["a", "a"]}},
        {**PLAN, "quota": None, "period": "DAY", "clients": {"main": ["b"]}},
        {"burst": 1, "clients": "none"},
        "fourth",
    ]
    keys = {"maxAge": 9, "staleIfError": 9, "cooldown": "long"}
    text = report(usage={"plans": plans, "unlisted": "all"}, authorizer={"keys": keys}, functions={"memory": 1})
    assert sorted(line.split(": ")[0].strip().removeprefix("gatehouse:") for line in text.splitlines()[1:]) == [
        "authorizer.keys.cooldown", "authorizer.keys.staleIfError", "functions.memory",
        "usage.plans[0].clients.main[1]", "usage.plans[0].rate", "usage.plans[1].name", "usage.plans[1].period",
        "usage.plans[2].clients", "usage.plans[2].name", "usage.plans[2].rate", "usage.plans[3]", "usage.unlisted",
    ]  # fmt: skip


def test_what_does_not_fit_an_encrypted_value_is_asked_for() -> None:
    text = report(functions={"memory": ENCRYPTED}, tags={"team": ENCRYPTED}, issuers=ENCRYPTED)
    assert text.splitlines()[1:] == [
        f"  gatehouse:{key}: is encrypted, and not decrypted here; pass --config gatehouse:{key}=VALUE"
        for key in ("issuers", "functions.memory")
    ]
    given = {**texts(), "aws:region": ENCRYPTED}
    with pytest.raises(SettingsError, match="aws:region: is encrypted, and not decrypted here; pass --config aws:reg"):
        load("gatehouse", "dev", given)


def test_a_wrong_value_that_pulumi_has_decrypted_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secret_keys = ["gatehouse:tags"]
    monkeypatch.setattr("pulumi.runtime.config.is_config_secret", secret_keys.__contains__)
    text = report(tags={"token": ["hunter2"]}, functions={"memory": "much"})
    assert "gatehouse:tags.token: " in text
    assert "hunter2" not in text
    assert '(found "much")' in text


def test_a_mistake_between_fields_does_not_show_values_that_pulumi_has_decrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pulumi.runtime.config.is_config_secret", ["gatehouse:issuers"].__contains__)
    plans = [{**PLAN, "clients": {"main": ["b"], "other": ["c"]}}]
    reported = report(issuers=[{**ISSUER, "clients": ["hunter2"]}], usage={"plans": plans, "unlisted": "x"})
    assert reported.splitlines()[1:] == [
        "  gatehouse:usage.unlisted: must be the name of a plan",
        "  gatehouse:usage.plans[0].clients.main[0]: must be accepted by its issuer",
        "  gatehouse:usage.plans[0].clients.other: unknown issuer",
    ]


class TestTextsInGroups:
    """Pulumi passes encrypted values as texts, also within a group, and does not know that they are numbers."""

    def test_are_read_as_the_values_that_are_required(self) -> None:
        settings = load("gatehouse", "dev", texts(
            issuers=[{**ISSUER, "leeway": "5", "keyUrl": None, "audiences": '["12", "true"]'}],
            api={"throttleRate": "12", "validateBodies": "true"}, logs={"retentionDays": "30"},
            authorizer={"keys": '{"maxAge": "60"}'}, revocation={"timeout": "0.5"},
            usage={"plans": [{**PLAN, "quota": "7", "clients": {"main": '["a"]'}}], "unlisted": None},
        ))  # fmt: skip
        assert (settings.api.throttle_rate, settings.api.validate_bodies, settings.logs.retention_days) == (
            12,
            True,
            30,
        )
        assert (settings.issuers[0].leeway, settings.issuers[0].audiences) == (5, ("12", "true"))
        assert (settings.authorizer.keys.max_age, settings.revocation.timeout) == (60, 0.5)
        assert (settings.usage.plans[0].quota, settings.usage.plans[0].clients) == (7, {"main": ("a",)})

    def test_stay_texts_where_a_text_is_required(self) -> None:
        settings = load("gatehouse", "dev", texts(tags={"a": "12", "b": "true", "c": "null", "d": "1.5"}))
        assert settings.tags == {"a": "12", "b": "true", "c": "null", "d": "1.5"}

    @pytest.mark.parametrize(
        ("values", "mistake"),
        [
            ({"api": {"throttleRate": "many"}}, 'api.throttleRate: must be an integer (found "many")'),
            ({"api": {"throttleRate": "0"}}, "api.throttleRate: must be at least 1 (found 0)"),
            ({"api": {"throttleRate": "1.5"}}, "api.throttleRate: must be an integer (found 1.5)"),
            ({"data": {"protect": "yes"}}, 'data.protect: must be true or false (found "yes")'),
            ({"data": {"protect": "1"}}, "data.protect: must be true or false (found 1)"),
            ({"data": {"protect": ""}}, 'data.protect: must be true or false (found "")'),
            ({"revocation": {"timeout": "NaN"}}, 'revocation.timeout: must be a number (found "NaN")'),
            ({"revocation": '{"timeout": NaN}'}, "revocation: must be an object"),
            ({"tags": {"a": 12}}, "tags.a: must be a string (found 12)"),
            ({"tags": '{"a": "\\ud800"}'}, "tags: must be an object"),
        ],
    )
    def test_are_reported_if_they_are_not(self, values: dict[str, Any], mistake: str) -> None:
        assert f"gatehouse:{mistake}" in report(**values)


def test_values_of_unknown_keys_are_not_shown() -> None:
    text = report(password="hunter2", api={"password": "hunter2"}, corsOrigins="hunter2")
    assert "hunter2" not in text
    assert "gatehouse:corsOrigins: unknown setting; now gatehouse:api.corsOrigins" in text


def test_the_new_name_of_every_former_setting_exists() -> None:
    for new in MOVED.values():
        group, _, field = new.partition(".")
        kind = next(each.type for each in msgspec.structs.fields(StackSettings) if each.name == group)
        assert field in {each.encode_name for each in msgspec.structs.fields(kind)}


def test_all_mistakes_of_all_issuers_are_reported_at_once() -> None:
    text = report(
        issuers=[
            {"name": "Main", "url": "http://id.example.com", "keyUrl": "http://keys.example.com", "audiences": "a"},
            {**ISSUER, "defaultScopes": ["items:read"], "leeway": -1},
            {**ISSUER, "leeway": "much"},
            "main",
        ]
    )
    keys = [line.split(": ")[0].strip() for line in text.splitlines()[1:]]
    assert sorted(keys) == [
        "gatehouse:issuers[0].audiences", "gatehouse:issuers[0].keyUrl", "gatehouse:issuers[0].name",
        "gatehouse:issuers[0].url", "gatehouse:issuers[1].defaultScopes", "gatehouse:issuers[1].leeway",
        "gatehouse:issuers[2].leeway", "gatehouse:issuers[2].name", "gatehouse:issuers[2].url", "gatehouse:issuers[3]",
    ]  # fmt: skip


def test_a_key_has_one_line_also_where_two_rules_refuse_its_value() -> None:
    assert report(issuers=[{**ISSUER, "url": "ftp://id.example.com"}]).count("issuers[0].url") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://id.example.com"}, {"url": "https://user:pw@id.example.com"}, {"url": "http://[::1"},
        {"keyUrl": "http://keys.example.com"}, {"defaultScopes": ["items:read"]}, {"name": "main"},
        {"url": "https://id.example.com/"},
    ],
)  # fmt: skip
def test_what_the_authorizer_would_refuse_is_refused_before_a_deployment(wrong: dict[str, Any]) -> None:
    other = {"name": "other", "url": "https://other.example.com", "audiences": ["a"], **wrong}
    data = {"project": "p", "stack": "s", "issuers": [ISSUER, other], "routes": []}
    with pytest.raises((msgspec.ValidationError, SettingsInvalid)):
        authorizer.settings.require_valid(authorizer.settings.load(msgspec.json.encode(data)))
    assert "gatehouse:issuers[1]." in report(issuers=[ISSUER, other])


class TestNamespaces:
    def test_an_unknown_one_is_reported_beside_every_other_mistake(self) -> None:
        with pytest.raises(SettingsError) as caught:
            load(
                "gatehouse", "dev", texts(logs={"level": "LOUD"}) | {"gatehose:tags": "{}", "datadog:apiKey": "hunter2"}
            )
        assert str(caught.value).splitlines() == [
            "3 invalid settings in Pulumi.dev.yaml",
            "  gatehose:tags: unknown namespace; allowed: gatehouse, aws, pulumi",
            "  datadog:apiKey: unknown namespace; allowed: gatehouse, aws, pulumi",
            '  gatehouse:logs.level: must be one of: DEBUG, INFO, WARN, ERROR (found "LOUD")',
        ]

    def test_those_of_the_provider_and_of_pulumi_are_not_the_projects(self) -> None:
        load("gatehouse", "dev", texts() | {"aws:profile": "dev", "pulumi:disable-default-providers": "[]"})

    def test_a_setting_that_the_stacks_provider_would_ignore_is_rejected(self) -> None:
        with pytest.raises(SettingsError) as caught:
            load("gatehouse", "dev", texts() | {"aws:defaultTags": "{}", "aws:maxRetries": "3"})
        assert str(caught.value).splitlines() == [
            "2 invalid settings in Pulumi.dev.yaml",
            "  aws:defaultTags: unknown setting of the stack's AWS provider; use gatehouse:tags",
            "  aws:maxRetries: unknown setting of the stack's AWS provider; allowed: aws:region, aws:profile",
        ]


@pytest.mark.parametrize(
    ("values", "key", "required"),
    [
        ({"issuers": [{**ISSUER, "name": "Main"}]}, "issuers[0].name", "1 to 32 lower-case letters, digits"),
        ({"issuers": [{**ISSUER, "url": "ftp://x"}]}, "issuers[0].url", "https, or http to a loopback address"),
        ({"issuers": [{**ISSUER, "keyUrl": "x"}]}, "issuers[0].keyUrl", "https, or http to a loopback address"),
        ({"api": {"corsOrigins": ["https://a.example/path"]}}, "api.corsOrigins[0]", "an origin without a path, such"),
        ({"usage": {"plans": [{**PLAN, "name": "A"}]}}, "usage.plans[0].name", "1 to 32 lower-case letters, digits"),
        ({"api": {"stageVariables": {"a": ""}}}, "api.stageVariables.a", "one or more letters, digits and characters"),
    ],
)  # fmt: skip
def test_a_pattern_is_stated_in_words(values: dict[str, Any], key: str, required: str) -> None:
    text = report(**values)
    assert f"gatehouse:{key}: must be {required}" in text
    assert "regex" not in text


def limits(kind: Any) -> Iterator[msgspec.Meta]:
    """The limits of a type and of every type inside of it."""
    if isinstance(kind, msgspec.Meta):
        yield kind
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield from limits(field.type)
    for each in get_args(kind):
        yield from limits(each)


@pytest.mark.parametrize("model", [StackSettings, *(each.model for each in load_collections())])
def test_every_pattern_says_in_words_what_it_requires(model: type[msgspec.Struct]) -> None:
    assert [limit.pattern for limit in limits(model) if limit.pattern and REQUIREMENT not in (limit.extra or {})] == []


def test_a_missing_required_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="gatehouse:issuers: must not be empty"):
        load("gatehouse", "dev", {"aws:region": "us-east-1"})


def test_the_region_is_required() -> None:
    given = texts()
    del given["aws:region"]
    for values in (given, {**given, "aws:region": ""}):
        with pytest.raises(SettingsError, match="aws:region: is required"):
            load("gatehouse", "dev", values)


def test_usage_and_times_reach_the_authorizer() -> None:
    plans = [{**PLAN, "clients": {"main": ["a", "b"]}}, {**PLAN, "name": "more", "clients": {"main": ["c"]}}]
    settings = load("gatehouse", "dev", texts(usage={"plans": plans}, authorizer={"keys": {"maxAge": 60}}))
    names = Names("gatehouse", "dev")
    bundle = authorizer_bundle(settings.for_authorizer(names, ()), Target.of("host"))
    data = bundle.files["authorizer/settings.json"]
    text = msgspec.json.decode(data, type=authorizer.settings.DeploymentSettings)
    assert text.usage == authorizer.settings.UsageClients(clients={"main": ("a", "b", "c")}, unlisted="refuse")
    assert (text.keys.max_age, text.keys.stale_if_error) == (60, 21_600)


class TestFlavours:
    given: ClassVar[dict[str, dict[str, Any]]] = {
        "usage.plans": {"usage": {"plans": [PLAN | {"clients": {"main": ["app"]}}]}},
        "usage.keys": {"usage": {"keys": "header", "plans": [PLAN | {"clients": {"main": ["app"]}}]}},
        "api.cache": {"api": {"cache": {"size": "0.5", "collections": {"items": {"ttl": 60}}}}},
        "api.validateBodies": {"api": {"validateBodies": True}},
        "functions.tracing": {"functions": {"tracing": True}},
        "waf.enabled": {"waf": {"enabled": True}},
    }
    """A value of each setting that only REST APIs support."""

    def test_every_setting_that_http_apis_lack_has_an_example(self) -> None:
        assert set(self.given) == set(REST_ONLY)

    @pytest.mark.parametrize("key", REST_ONLY)
    def test_a_setting_that_http_apis_lack_is_rejected_by_name_for_them_only(self, key: str) -> None:
        values = {group: dict(members) for group, members in self.given[key].items()}
        load("gatehouse", "dev", texts(**values))
        values.setdefault("api", {})["flavour"] = "http"
        problem = f"  gatehouse:{key}: requires api.flavour: rest; HTTP APIs have no {REST_ONLY[key]}"
        assert problem in report(**values).splitlines()

    def test_default_values_are_accepted(self) -> None:
        load("gatehouse", "dev", texts(api={"flavour": "http", "validateBodies": False}, usage={"plans": []}))

    def test_an_unknown_flavour_is_rejected(self) -> None:
        assert "gatehouse:api.flavour" in report(api={"flavour": "graphql"})
