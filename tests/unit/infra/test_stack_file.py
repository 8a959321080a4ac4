"""Stack files are read as the Pulumi CLI reads them, and every mistake in them is reported by name."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest

from infra.stack_file import ENCRYPTED, SettingsError, add_options, read
from local.engine import ProgramError, deploy
from local.plans.plan import plan
from tests.unit.local.programs import FakeProvider, write_program

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = """
    name:
      description: A text.
      default: api
    demo:size:
      value: 3
    strict:
      default: false
    origins:
      default: []
    issuers:
      default:
        - name: main
          url: https://id.example.com
    required:
      description: Has no default.
    aws:region:
      value: eu-west-1
    short: fixed
"""


def project(folder: Path, stack: str = "", config: str = DECLARED) -> Path:
    return write_program(folder, "", config=config, stack=stack)


def error_of(root: Path, stack: str = "dev", **overrides: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(root, stack, overrides)
    return str(caught.value)


def write_stack_file(root: Path, text: str) -> Path:
    (root / "Pulumi.dev.yaml").write_text(text)
    return root


class TestValues:
    def test_defaults_apply_and_every_value_is_text(self, tmp_path: Path) -> None:
        file = read(project(tmp_path), "dev")
        assert file.project == "demo"
        assert file.values == {
            "demo:name": "api",
            "demo:size": "3",
            "demo:strict": "false",
            "demo:origins": "[]",
            "demo:issuers": '[{"name":"main","url":"https://id.example.com"}]',
            "demo:short": "fixed",
            "aws:region": "eu-west-1",
        }

    def test_the_stack_file_replaces_defaults_with_or_without_the_namespace(self, tmp_path: Path) -> None:
        stack = """
        size: 9
        demo:strict: true
        demo:origins: [https://a.example, https://ä.example]
        aws:region: us-east-1
        aws:defaultTags: {tags: {stage: dev}}
        """
        values = read(project(tmp_path, stack), "dev").values
        assert values["demo:size"] == "9"
        assert values["demo:strict"] == "true"
        assert values["demo:origins"] == '["https://a.example","https://ä.example"]'
        assert values["aws:region"] == "us-east-1"
        assert values["aws:defaultTags"] == '{"tags":{"stage":"dev"}}'

    def test_the_program_gets_them_with_their_types(self, tmp_path: Path) -> None:
        root = project(tmp_path, "demo:strict: true\ndemo:origins: [https://a.example]")
        (root / "__main__.py").write_text(
            "import pulumi\n"
            "config = pulumi.Config()\n"
            "values = [config.require(n) for n in ('name',)] + [config.require_int('size')]\n"
            "values += [config.require_bool('strict'), config.require_object('origins')]\n"
            "pulumi.export('values', values + [config.require_object('issuers')[0]['name']])\n"
        )
        assert deploy(root, "dev", FakeProvider()).exports["values"] == ["api", 3, True, ["https://a.example"], "main"]

    @pytest.mark.parametrize("text", ["yes", "no", "on", "12:30", "2026-13-45", "1.2.3", "0x", "1e400", "=", "~/x"])
    def test_text_that_only_other_readers_of_yaml_read_as_something_else_stays_text(
        self, tmp_path: Path, text: str
    ) -> None:
        assert read(project(tmp_path, f"demo:name: {text}"), "dev").values["demo:name"] == text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("08", "8"), ("010", "8"), ("0x1F", "31"), ("0o17", "15"), ("0b1", "1"), ("1_000", "1000"), ("+1", "1"),
            ("-0", "0"), ("1.0", "1"), ("1.", "1"), (".5", "0.5"), ("12.50", "12.5"), ("1e3", "1000"),
            ("!!int '3'", "3"),
            ("99999999999999999999", "100000000000000000000"), ("123456789012345678", "123456789012345678"),
            ("2026-01-01", "2026-01-01 00:00:00 +0000 UTC"), ("2026-01-01T09:30:00Z", "2026-01-01 09:30:00 +0000 UTC"),
            ("~", ""), ("null", ""), ("", ""), ("'12'", "12"), ("!!str 0x1F", "0x1F"), ("{secure: 1}", '{"secure":1}'),
            ("{a: 1.0, b: 2026-01-01, c: ~}", '{"a":1,"b":"2026-01-01 00:00:00 +0000 UTC","c":null}'),
        ],
    )  # fmt: skip
    def test_everything_else_is_read_as_the_cli_reads_it(self, tmp_path: Path, text: str, expected: str) -> None:
        assert read(project(tmp_path, f"demo:name: {text}"), "dev").values["demo:name"] == expected

    def test_a_mapping_can_be_merged_into_another(self, tmp_path: Path) -> None:
        values = read(project(tmp_path, "demo:name: &name {a: 1}\ndemo:short: {<<: *name, b: 2}"), "dev").values
        assert values["demo:short"] == '{"a":1,"b":2}'

    def test_unknown_keys_and_wrong_values_are_left_to_the_program_which_reports_them_together(
        self, tmp_path: Path
    ) -> None:
        values = read(project(tmp_path, "demo:size: many\ndemo:sise: 3\ndem:size: 3\ndemo:origins:"), "dev").values
        assert (values["demo:size"], values["demo:sise"], values["dem:size"]) == ("many", "3", "3")
        assert values["demo:origins"] == ""


class TestOverrides:
    STACK = """
        demo:size: 9
        demo:issuers: [{name: main, leeway: 5, claims: {a.b: [x]}}, {name: other}]
        demo:functions: {memory: 512, timeout: 3}
        """

    def overridden(self, folder: Path, key: str, text: str) -> object:
        name, value = key.partition(":")[2] or key, read(project(folder, self.STACK), "dev", {key: text}).values
        return json.loads(value["demo:" + name.partition(".")[0].partition("[")[0]])

    def test_replace_settings_with_or_without_the_namespace(self, tmp_path: Path) -> None:
        overrides = {"demo:size": "12", "origins": '["https://b.example"]', "aws:region": "eu-north-1"}
        values = read(project(tmp_path, self.STACK), "dev", overrides).values
        assert values["demo:size"] == "12"
        assert values["demo:origins"] == '["https://b.example"]'
        assert values["aws:region"] == "eu-north-1"

    def test_replace_one_field_and_keep_the_others(self, tmp_path: Path) -> None:
        assert self.overridden(tmp_path, "functions.memory", "1024") == {"memory": 1024, "timeout": 3}
        assert self.overridden(tmp_path, "demo:functions.host", "true") == {"memory": 512, "timeout": 3, "host": True}

    def test_replace_a_field_of_one_item_of_a_list(self, tmp_path: Path) -> None:
        changed = self.overridden(tmp_path, "issuers[1].leeway", "0")
        assert changed == [{"name": "main", "leeway": 5, "claims": {"a.b": ["x"]}}, {"name": "other", "leeway": 0}]

    def test_a_name_with_a_dot_is_quoted(self, tmp_path: Path) -> None:
        changed = self.overridden(tmp_path, 'issuers[0].claims["a.b"][0]', "y")
        assert changed == [{"name": "main", "leeway": 5, "claims": {"a.b": ["y"]}}, {"name": "other"}]

    def test_add_groups_and_values_of_any_kind(self, tmp_path: Path) -> None:
        assert self.overridden(tmp_path, "api.origins", '["https://x.example"]') == {"origins": ["https://x.example"]}
        assert self.overridden(tmp_path, "api.origins", "https://x.example") == {"origins": "https://x.example"}
        assert self.overridden(tmp_path, "api.text", "yes") == {"text": "yes"}
        assert self.overridden(tmp_path, "api.text", "[x") == {"text": "[x"}
        assert self.overridden(tmp_path, "api.text", "!!int x") == {"text": "!!int x"}
        assert self.overridden(tmp_path, "api.number", "08") == {"number": 8}

    def test_must_be_valid_unicode(self, tmp_path: Path) -> None:
        expected = "1 invalid setting in Pulumi.dev.yaml\n  demo:name: must not contain an unpaired surrogate"
        assert error_of(project(tmp_path), name="\udcff") == expected
        assert error_of(project(tmp_path), **{"texts.a": '"\\ud800"'}) == expected.replace("name", "texts")

    def test_are_applied_in_order(self, tmp_path: Path) -> None:
        overrides = {"functions": '{"memory": 1}', "functions.timeout": "2"}
        values = read(project(tmp_path, self.STACK), "dev", overrides).values
        assert json.loads(values["demo:functions"]) == {"memory": 1, "timeout": 2}

    @pytest.mark.parametrize(
        "key", ["issuers[2].leeway", "issuers.name", "functions[0]", "functions.memory.x", "", ".x", "a..b", "a[x]"]
    )
    def test_an_override_of_a_missing_part_is_reported_in_one_line(self, tmp_path: Path, key: str) -> None:
        with pytest.raises(SettingsError) as caught:
            self.overridden(tmp_path, key, "1")
        assert str(caught.value).startswith(f"invalid override {key!r}: ")
        assert "\n" not in str(caught.value)

    def test_are_options_that_keep_their_order(self) -> None:
        parser = argparse.ArgumentParser()
        add_options(parser)
        arguments = ["--set", "a.b=1", "--config", "aws:region=x=y", "--set=issuers[0].leeway=2"]
        assert list(parser.parse_args(arguments).overrides.items()) == [
            ("a.b", "1"),
            ("aws:region", "x=y"),
            ("issuers[0].leeway", "2"),
        ]
        assert parser.parse_args([]).overrides == {}

    def test_the_last_of_several_for_the_same_setting_applies_after_all_others(self) -> None:
        parser = argparse.ArgumentParser()
        add_options(parser)
        options = parser.parse_args(["--set", "a.b=1", "--config", "a={}", "--set", "a.b=2"])
        assert list(options.overrides.items()) == [("a", "{}"), ("a.b", "2")]

    def test_a_whole_setting_can_be_set_by_yaml(self, tmp_path: Path) -> None:
        parser = argparse.ArgumentParser()
        add_options(parser)
        overrides = parser.parse_args(["--set", "tags={team: a}"]).overrides
        assert json.loads(read(project(tmp_path, "demo:tags: {}"), "dev", overrides).values["demo:tags"]) == {
            "team": "a"
        }

    @pytest.mark.parametrize("argument", ["x", "=1", "a.=1", "a[b]=1"])
    def test_a_malformed_option_is_rejected(self, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
        parser = argparse.ArgumentParser()
        add_options(parser)
        with pytest.raises(SystemExit):
            parser.parse_args(["--set", argument])
        assert f"invalid override {argument!r}: must be KEY=VALUE or GROUP.KEY=VALUE" in capsys.readouterr().err


class TestEncryptedValues:
    STACK = (
        "demo:tags: {team: {secure: AAAB}, stage: dev}\ndemo:issuers: [{key: {secure: AAAB}}]\naws:x: {secure: AAAB}"
    )

    def test_are_placeholders(self, tmp_path: Path) -> None:
        file = read(project(tmp_path, self.STACK), "dev")
        assert json.loads(file.values["demo:tags"]) == {"team": ENCRYPTED, "stage": "dev"}
        assert json.loads(file.values["demo:issuers"]) == [{"key": ENCRYPTED}]
        assert file.values["aws:x"] == ENCRYPTED
        assert set(file.encrypted) == {"demo:tags", "demo:issuers", "aws:x"}

    def test_can_be_overridden_whole_or_in_part(self, tmp_path: Path) -> None:
        overrides = {"tags.team": "a", "demo:issuers": "[]"}
        file = read(project(tmp_path, self.STACK), "dev", overrides)
        assert json.loads(file.values["demo:tags"]) == {"team": "a", "stage": "dev"}
        assert list(file.encrypted) == ["aws:x"]

    def test_a_part_within_one_cannot_be_overridden(self, tmp_path: Path) -> None:
        assert error_of(project(tmp_path, self.STACK), **{"tags.team.x": "1"}).startswith("invalid override")

    def test_a_plan_shows_placeholders_and_a_deployment_needs_the_values(self, tmp_path: Path) -> None:
        root = project(tmp_path, self.STACK)
        (root / "__main__.py").write_text(
            "import pulumi\npulumi.export('tags', pulumi.Config().require_object('tags'))"
        )
        assert plan(root, "dev").exports["tags"] == {"team": ENCRYPTED, "stage": "dev"}
        with pytest.raises(SettingsError) as caught:
            deploy(root, "dev", FakeProvider())
        assert str(caught.value).splitlines() == [
            "2 invalid settings in Pulumi.dev.yaml",
            "  demo:issuers: is encrypted, and not decrypted here; pass --config demo:issuers=VALUE",
            "  demo:tags: is encrypted, and not decrypted here; pass --config demo:tags=VALUE",
        ]


class TestEnvironments:
    FILE = "environment: [shared]\nconfig:\n  demo:size: 4"

    def test_what_only_the_environment_can_have_must_be_passed(self, tmp_path: Path) -> None:
        root = write_stack_file(project(tmp_path, config="required:\n  description: x"), self.FILE)
        detail = "comes from the stack's environment (ESC), which is not opened here; pass --config"
        assert error_of(root).splitlines() == [
            "2 invalid settings in Pulumi.dev.yaml",
            f"  aws:region: {detail} aws:region=VALUE",
            f"  demo:required: {detail} demo:required=VALUE",
        ]
        values = read(root, "dev", {"aws:region": "us-east-1", "required": "x"}).values
        assert values == {"aws:region": "us-east-1", "demo:required": "x", "demo:size": "4"}

    def test_a_list_that_is_empty_by_default_must_be_passed_too(self, tmp_path: Path) -> None:
        root = write_stack_file(project(tmp_path, config="required:\n  value: []"), self.FILE + "\n  aws:region: x")
        assert "demo:required: comes from the stack's environment" in error_of(root)
        assert read(root, "dev", {"required": "[1]"}).values["demo:required"] == "[1]"

    def test_nothing_must_be_passed_if_the_files_have_all_that_is_required(self, tmp_path: Path) -> None:
        root = write_stack_file(project(tmp_path), self.FILE + "\n  demo:required: 3\n  demo:origins: [x]")
        assert read(root, "dev").values["demo:required"] == "3"


class TestMistakes:
    def test_a_missing_stack_file_is_reported_in_one_line(self, tmp_path: Path) -> None:
        expected = "Pulumi.prod.yaml: no such file; found: Pulumi.dev.yaml"
        assert error_of(project(tmp_path), "prod") == expected

    def test_a_folder_without_a_project_is_reported_in_one_line(self, tmp_path: Path) -> None:
        assert error_of(tmp_path) == "Pulumi.yaml: no such file; found: none"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("config: [", "while parsing a flow node"),
            ("config:\n  demo:size: 3\n  demo:size: 4", "duplicate key demo:size"),
            ("- a", "must be a mapping of keys to values"),
            ("config: 3", "config: must be a mapping of keys to values"),
            ("confg: {}", "unknown key confg; allowed: config, environment"),
            ("config:\n  demo:name: !!binary aGk=", "could not determine a constructor for the tag"),
            ("config:\n  demo:name: !!int x", "a value contains itself, is nested too deeply, or does not match"),
            ("config:\n  demo:name: !!bool x", "a value contains itself, is nested too deeply, or does not match"),
            ("config:\n  demo:name: &name [*name]", "a value contains itself, is nested too deeply, or does not"),
            ("config:\n  demo:name: " + "[" * 2000, "a value contains itself, is nested too deeply, or does not"),
        ],
    )
    def test_an_invalid_file_is_reported_in_one_line(self, tmp_path: Path, text: str, expected: str) -> None:
        found = error_of(write_stack_file(project(tmp_path), text))
        assert found.startswith(f"Pulumi.dev.yaml: {expected}")
        assert "\n" not in found

    def test_an_error_does_not_quote_the_file(self, tmp_path: Path) -> None:
        assert "hunter2" not in error_of(write_stack_file(project(tmp_path), "config: {demo:name: hunter2: x]}"))

    def test_a_program_that_needs_a_missing_value_fails_by_itself(self, tmp_path: Path) -> None:
        root = project(tmp_path)
        (root / "__main__.py").write_text("import pulumi\npulumi.Config().require('required')")
        with pytest.raises(ProgramError, match="required"):
            plan(root, "dev")
