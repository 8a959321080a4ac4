"""Stack files read as the Pulumi CLI reads them, and every mistake in them named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.configuration import ConfigurationError, read_configuration
from local.engine import deploy
from tests.unit.local.programs import FakeProvider, write_program

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = """
    name:
      type: string
      default: api
    demo:size:
      type: integer
      default: 3
    strict:
      type: boolean
      default: false
    origins:
      type: array
      items:
        type: string
      default: []
    issuers:
      description: An array of objects, for which there is no type.
      default:
        - name: main
          url: https://id.example.com
    aws:region:
      value: eu-west-1
    short: fixed
"""


def project(folder: Path, stack: str = "", config: str = DECLARED) -> Path:
    return write_program(folder, "", config=config, stack=stack)


def problems(root: Path, stack: str = "dev", **overrides: str) -> list[str]:
    with pytest.raises(ConfigurationError) as failure:
        read_configuration(root, stack, overrides)
    return list(failure.value.problems)


class TestValues:
    def test_defaults_apply_and_every_value_is_text(self, tmp_path: Path) -> None:
        configuration = read_configuration(project(tmp_path), "dev")
        assert configuration.project == "demo"
        assert configuration.values == {
            "demo:name": "api",
            "demo:size": "3",
            "demo:strict": "false",
            "demo:origins": "[]",
            "demo:issuers": '[{"name":"main","url":"https://id.example.com"}]',
            "demo:short": "fixed",
            "aws:region": "eu-west-1",
        }

    def test_the_stack_file_takes_the_place_of_defaults_with_or_without_the_namespace(self, tmp_path: Path) -> None:
        stack = """
        size: 9
        demo:strict: true
        demo:origins: [https://a.example, https://ä.example]
        aws:region: us-east-1
        aws:defaultTags: {tags: {stage: dev}}
        """
        values = read_configuration(project(tmp_path, stack), "dev").values
        assert values["demo:size"] == "9"
        assert values["demo:strict"] == "true"
        assert values["demo:origins"] == '["https://a.example","https://ä.example"]'
        assert values["aws:region"] == "us-east-1"
        assert values["aws:defaultTags"] == '{"tags":{"stage":"dev"}}'

    def test_overrides_come_last(self, tmp_path: Path) -> None:
        overrides = {"demo:size": "12", "origins": '["https://b.example"]'}
        values = read_configuration(project(tmp_path, "demo:size: 9"), "dev", overrides).values
        assert values["demo:size"] == "12"
        assert values["demo:origins"] == '["https://b.example"]'

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

    @pytest.mark.parametrize("text", ["yes", "no", "on", "12:30", "2026-01-01", "1.2.3", "0x1F", "1_000", "~/x"])
    def test_text_that_only_older_yaml_takes_for_something_else_stays_text(self, tmp_path: Path, text: str) -> None:
        values = read_configuration(project(tmp_path, f"demo:name: {text}"), "dev").values
        assert values["demo:name"] == text


class TestMistakes:
    @pytest.mark.parametrize(
        ("stack", "expected"),
        [
            ("demo:name: {secure: AAAB}", ("Pulumi.dev.yaml: demo:name: a secure value cannot be decrypted here;"
             " override it")),
            ("demo:issuers: [{key: {secure: AAAB}}]", ("Pulumi.dev.yaml: demo:issuers: a secure value cannot be"
             " decrypted here; override it")),
        ],
    )  # fmt: skip
    def test_each_is_one_line_with_the_file_the_key_and_what_is_allowed(
        self, tmp_path: Path, stack: str, expected: str
    ) -> None:
        assert problems(project(tmp_path, stack)) == [expected]

    def test_all_are_found_at_once(self, tmp_path: Path) -> None:
        found = problems(project(tmp_path, "demo:name: {secure: AAAB}\ndemo:size: {secure: AAAB}"))
        assert {line.split(": ")[1] for line in found} == {"demo:name", "demo:size"}

    def test_unknown_keys_and_wrong_values_are_left_to_the_program_which_reports_them_together(
        self, tmp_path: Path
    ) -> None:
        values = read_configuration(project(tmp_path, "demo:size: many\ndemo:sise: 3\ndem:size: 3"), "dev").values
        assert (values["demo:size"], values["demo:sise"], values["dem:size"]) == ("many", "3", "3")

    def test_a_secure_value_can_be_overridden(self, tmp_path: Path) -> None:
        root = project(tmp_path, "demo:name: {secure: AAAB}")
        assert read_configuration(root, "dev", {"name": "clear"}).values["demo:name"] == "clear"

    def test_a_stack_without_a_file_is_one(self, tmp_path: Path) -> None:
        expected = ["Pulumi.prod.yaml: no such file; found: Pulumi.dev.yaml, Pulumi.yaml"]
        assert problems(project(tmp_path), "prod") == expected

    def test_a_folder_without_a_project_is_one(self, tmp_path: Path) -> None:
        assert problems(tmp_path) == ["Pulumi.yaml: no such file; found: none"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("config: [", "while parsing a flow node"),
            ("config:\n  demo:size: 3\n  demo:size: 4", "demo:size occurs twice"),
            ("- a", "not a mapping of keys to values"),
            ("config: 3", "config: not a mapping of keys to values"),
            ("confg: {}", "confg: unknown; allowed: config"),
            ("environment: [shared]", "environment: unknown; allowed: config"),
        ],
    )
    def test_a_file_that_cannot_be_understood_is_one(self, tmp_path: Path, text: str, expected: str) -> None:
        root = project(tmp_path)
        (root / "Pulumi.dev.yaml").write_text(text)
        (found,) = problems(root)
        assert found.startswith(f"Pulumi.dev.yaml: {expected}")
        assert "\n" not in found

    def test_a_declaration_is_checked_too(self, tmp_path: Path) -> None:
        config = """
        size:
          type: number
        strict:
          type: boolean
          default: 3
        """
        assert problems(project(tmp_path, "demo:size: 3", config)) == [
            "Pulumi.yaml: size: type 'number' is not one of string, integer, boolean, array",
            "Pulumi.yaml: strict: the default is not of type boolean",
        ]
