"""The page, the schema for editors and Pulumi.yaml say the same as the types of the settings."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft7Validator

from handlers.contract import Invalid, validate
from infra import settings_reference
from infra.packaging.bundles import ROOT
from infra.settings import StackSettings, load
from infra.settings_reference import MARK, PAGE, SCHEMA, description_of, main
from infra.stack_file import SettingsError

FIELDS = msgspec.structs.fields(StackSettings)
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
VALID = """
aws:region: us-east-1
gatehouse:issuers:
  - {name: main, url: "https://id.example.com/", audiences: [a], keyUrl: "https://id.example.com/keys?v=2"}
gatehouse:tags: {environment: dev}
gatehouse:usage: {plans: [{name: a, rate: 1, burst: 2, clients: {main: [b]}}], unlisted: null}
"""


def config(**changed: Any) -> dict[str, Any]:
    """A valid file with other settings."""
    values: dict[str, Any] = yaml.safe_load(VALID)
    return {"config": values | {f"gatehouse:{name}": value for name, value in changed.items()}}


COMPLETE = {
    "issuers": [
        {
            "name": "main", "url": "https://id.example.com", "audiences": ["a"], "keyUrl": "https://id.example.com/keys",
            "scopeClaim": "scp", "defaultScopes": ["items:read"], "requiredClaims": {"a": ["b"]}, "clients": ["b"],
        }
    ],
    "api": {"corsOrigins": ["https://a.example"], "stageVariables": {"a": "b"}},
}  # fmt: skip
"""Together with a valid file, sets every list and map."""


VALUES: list[Any] = [
    None, True, False, -1, 0, 0.05, 0.1, 1, 1.5, 8, 8.5, 29, 30, 60, 128, 300, 301, 3600, 3601, 100_000, 2**31,
    "", "a", "a b", "Main", "main\n", "main", "arm64", "WARN", "WEEK", "RS256", "*", "ö" * 8, "a" * 256, "a" * 257,
    "https://a.example", "https://a.example/b?c", "https://a.example/#b", "http://a.example", "http://localhost:1",
    [], [None], ["a"], [1], ["https://a.example"], {}, {"a": None}, {"a": "b"}, {"a": 1}, {"": "b"}, {"a b": "c"},
    {"aws:a": "b"}, {"a": ["b"]}, {"a": [""]}, {"a": [1]}, [{}], {"name": "main"}, {"secure": 1},
]  # fmt: skip
"""Values of every type, of which most settings allow some."""


def is_valid(value: Any, kind: Any) -> bool:
    try:
        validate(value, kind)
    except Invalid:
        return False
    return True


def changes(value: Any) -> Iterator[Any]:
    """Yield copies of a value with one of its parts replaced by each of VALUES, removed or added."""
    yield from VALUES
    if isinstance(value, (dict, list)):
        parts: dict[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value))
        for key, part in parts.items():
            others = {name: each for name, each in parts.items() if name != key}
            for changed in (others, *({**parts, key: each} for each in changes(part)), {**parts, "other": part}):
                yield changed if isinstance(value, dict) else list(changed.values())


def problems(document: Any) -> list[str]:
    return [error.message for error in Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(document)]


def load_values(document: dict[str, Any]) -> StackSettings:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in document["config"].items()}
    return load("gatehouse", "dev", texts)


class TestPage:
    def test_is_up_to_date(self) -> None:
        assert main(["--check"]) == 0

    def test_and_the_schema_are_written_and_compared(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name, path in (("PAGE", PAGE), ("SCHEMA", SCHEMA)):
            monkeypatch.setattr(settings_reference, name, tmp_path / path.name)
        (tmp_path / PAGE.name).write_text(PAGE.read_text().partition(MARK)[0] + MARK + "old")
        assert main(["--check"]) == 1
        assert capsys.readouterr().err.startswith("configuration.md and stack-file.schema.json: out of date; run `make")
        assert main([]) == 0
        assert (main(["--check"]), (tmp_path / PAGE.name).read_text()) == (0, PAGE.read_text())

    def test_describes_every_field(self) -> None:
        text = PAGE.read_text()
        for field in FIELDS:
            assert f"## `gatehouse:{field.encode_name}`\n\n{description_of(field)}" in text
        names = re.findall(r"^\| `([\w.*\[\]]+)` \| .+ \| .+ \| .+ \|$", text, re.MULTILINE)
        assert {
            "url",
            "corsOrigins",
            "memory",
            "keys.maxAge",
            "decisionCache.seconds",
            "plans[].quota",
            "routes.*.throttleRate",
        } <= set(names)
        assert len(names) == text.count("\n| `")

    def test_describes_a_group_within_a_group_and_its_units(self) -> None:
        assert (
            "\n| `capacity.reads` | an object | see its fields | Strongly consistent reads of 4 KB per second. |\n"
            in PAGE.read_text()
        )

    def test_refers_to_a_field_instead_of_repeating_it(self) -> None:
        text = PAGE.read_text()
        assert "\n| `overrides.*.memory` | as `memory` | none | see there |\n" in text
        assert "\n| `capacity.writes` | as `capacity.reads` | see its fields | Writes of 1 KB per second. |\n" in text
        for section in text.partition(MARK)[2].split("\n## "):
            names = re.findall(r"^\| `([\w.*\[\]]+)` \|", section, re.MULTILINE)
            assert set(re.findall(r"\| as `([\w.*\[\]]+)` \|", section)) <= set(names), section

    def test_begins_with_a_table_of_every_group(self) -> None:
        table = PAGE.read_text().partition("| group of settings |")[2].partition("\n\n")[0]
        listed = re.findall(r"\[`(\w+)`\]\(#gatehouse(\w+)\)", table)
        assert listed == [(field.encode_name, field.encode_name) for field in FIELDS]

    def test_has_an_example_that_is_valid_and_sets_every_group(self) -> None:
        document = yaml.safe_load(PAGE.read_text().partition("```yaml\n")[2].partition("```")[0])
        assert problems(document) == []
        load_values(document)
        assert {f"gatehouse:{field.name}" for field in FIELDS} < set(document["config"])


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
class TestStackFiles:
    def test_name_the_schema_for_editors_first(self, path: Path) -> None:
        assert path.read_text().startswith("# yaml-language-server: $schema=docs/stack-file.schema.json\n")
        assert (path.parent / "docs" / "stack-file.schema.json") == SCHEMA

    def test_match_the_schema(self, path: Path) -> None:
        assert problems(yaml.safe_load(path.read_text())) == []


class TestSchema:
    def test_is_a_schema_with_patterns_that_editors_can_read(self) -> None:
        schema = json.loads(SCHEMA.read_text())
        Draft7Validator.check_schema(schema)
        assert not re.search(r"\(\?P|\\\\Z", SCHEMA.read_text()), "not in ECMAScript"

    @pytest.mark.parametrize(
        "document",
        [
            config(),
            config(api={"corsOrigins": ["*"]}, logs={"retentionDays": 3653, "level": "WARN"}),
            {**config(), "encryptionsalt": "v1:x", "secretsprovider": "awskms://x"},
            config(
                tags={"team": {"secure": "AAAB"}}, functions={"memory": {"secure": "AAAB"}}, issuers={"secure": "A"}
            ),
            {"config": config()["config"] | {"aws:profile": "x", "aws:region": {"secure": "A"}}},
            {"environment": ["shared"], "config": {"gatehouse:api": {"throttleRate": 5}}},
            {"environment": {"imports": ["shared"]}},
        ],
    )
    def test_accepts_valid_files(self, document: dict[str, Any]) -> None:
        assert problems(document) == []

    @pytest.mark.parametrize(
        "document",
        [
            config(api={"throttleRate": 0}),
            config(api={"throtleRate": 5}),
            config(api={"corsOrigins": ["https://a.example/path"]}),
            config(api={"corsOrigins": "https://a.example"}),
            config(api={"stageVariables": {"a b": "c"}}),
            config(functions={"architecture": "sparc"}),
            config(logs={"retentionDays": 45}),
            config(data={"protect": "yes"}),
            config(tags={"aws:x": "y"}),
            config(tags=["x"]),
            config(corsOrigins=["https://a.example"]),
            config(usage={"plans": [{"name": "a", "rate": 1}]}),
            config(revocation=True),
            config(issuers=[]),
            config(issuers=[{"name": "main", "url": "http://id.example.com", "audiences": ["a"]}]),
            config(issuers=[{"name": "main", "url": "https://id.example.com", "audiences": [""]}]),
            {"config": config()["config"] | {"gatehose:api": {}}},
            {"config": {"aws:region": "us-east-1"}},
            {"config": {"gatehouse:issuers": config()["config"]["gatehouse:issuers"]}},
        ],
    )
    def test_rejects_what_the_program_rejects(self, document: dict[str, Any]) -> None:
        assert problems(document)
        with pytest.raises(SettingsError):
            load_values(document)

    @pytest.mark.parametrize("group", FIELDS, ids=lambda field: field.name)
    def test_accepts_what_the_types_accept(self, group: msgspec.structs.FieldInfo) -> None:
        """Only the program checks rules between fields, and accepts numbers and booleans as texts, as if decrypted."""
        definitions: dict[str, Any] = json.loads(SCHEMA.read_text())
        schema = definitions["properties"]["config"]["properties"][f"gatehouse:{group.name}"]
        validator = Draft7Validator({**schema, "definitions": definitions["definitions"]})
        whole: dict[str, Any] = json.loads(msgspec.json.encode(load_values(config(**COMPLETE))))
        results = [(is_valid(each, group.type), each) for each in changes(whole[group.name])]
        assert [each for accepted, each in results if accepted != validator.is_valid(each)] == []
        assert {accepted for accepted, _ in results} == {True, False}

    @pytest.mark.parametrize("document", [{}, {"confg": {}}, {**config(), "confg": {}}, {"config": []}, []])
    def test_rejects_files_of_another_form(self, document: Any) -> None:
        assert problems(document)


class TestPulumiYaml:
    declared: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

    def test_describes_every_group_as_its_type_does(self) -> None:
        expected = {f"gatehouse:{field.encode_name}": description_of(field) for field in FIELDS}
        assert {name: entry["description"] for name, entry in self.declared.items()} == expected
        assert all(expected.values())

    def test_has_the_programs_defaults_and_no_types_that_stop_the_cli(self) -> None:
        for field in FIELDS:
            entry = self.declared[f"gatehouse:{field.encode_name}"]
            assert set(entry) == {"description", "value"}, "the CLI would stop at a setting without a value"
            if field.required:
                assert entry["value"] == []
            else:
                default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
                assert msgspec.convert(entry["value"], field.type) == default
