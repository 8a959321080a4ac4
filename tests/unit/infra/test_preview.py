"""Previews of a deployment: what is read from the CLI's output, the comment, and the exit status.

The files in `previews/` are parts of what the CLI printed for stacks that were deployed with a small test provider.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.changes import Change, Operation, as_text
from infra.changes.comment import MARKER, MAX_LENGTH, StackChanges, comment
from infra.changes.pulumi_preview import UNKNOWN, PreviewError, read
from infra.preview import Stack, main, preview

RECORDED = Path(__file__).parent / "previews"
FUNCTION = "urn:pulumi:dev::gatehouse::aws:lambda/function:Function::items-read"


def recorded(name: str, *secrets: str) -> StackChanges:
    return read("dev", (RECORDED / f"{name}.json").read_bytes(), secrets)


def by_operation(found: StackChanges) -> dict[Operation, list[Change]]:
    return {each: [change for change in found.changes if change.operation is each] for each in Operation}


def document(*steps: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"steps": steps, **fields}).encode()


def step(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    states = {"oldState": old and {"inputs": old}, "newState": new and {"inputs": new}}
    return {"op": op, "urn": FUNCTION, **states, **fields}


class TestRead:
    def test_a_collection_that_replaces_another_is_created_and_the_other_deleted(self) -> None:
        found = by_operation(recorded("collection_exchanged"))
        assert {change.name for change in found[Operation.CREATE]} == {
            "notes", "notes-read", "notes-read-get", "notes-read-head",
        }  # fmt: skip
        lost = [(change.name, change.loss) for change in found[Operation.DELETE] if change.loss]
        assert lost == [("events", "all items"), ("events-read", "all log events")]

    def test_updates_list_their_changed_properties(self) -> None:
        changes = by_operation(recorded("collection_exchanged"))[Operation.UPDATE]
        [function] = [change for change in changes if change.type == "aws:lambda/function:Function"]
        assert [(each.path, each.old, each.new) for each in function.properties] == [
            ("code", '"archive 4903a942cf78"', '"archive 691c832b4966"'),
            (
                "environment.variables.CORS_ORIGINS",
                '"http://localhost:3000 http://localhost:5173"',
                '"http://localhost:3000 http://localhost:5174"',
            ),
            ("memorySize", "512", "1024"),
        ]

    def test_a_changed_key_replaces_the_table(self) -> None:
        [table] = by_operation(recorded("keys_changed"))[Operation.REPLACE]
        assert table.loss == "all items"
        assert [(each.path, each.replaces) for each in table.properties] == [
            ("attributes[0].name", False),
            ("hashKey", True),
        ]

    def test_a_value_that_depends_on_a_replaced_resource_is_unknown(self) -> None:
        found = by_operation(recorded("keys_changed"))[Operation.UPDATE]
        [policy] = [change for change in found if change.type == "aws:iam/rolePolicy:RolePolicy"]
        assert [(each.path, each.new) for each in policy.properties] == [("policy", "[unknown]")]

    def test_a_resource_that_is_only_unprotected_is_an_update(self) -> None:
        [table] = recorded("protection_removed").changes
        assert table.operation is Operation.UPDATE
        assert [(each.path, each.old, each.new) for each in table.properties] == [("protect", "true", "false")]

    def test_other_unchanged_resources_are_no_changes(self) -> None:
        assert read("dev", document(step("same", {"a": 1}, {"a": 1}))) == StackChanges("dev")

    def test_deleting_a_protected_table_is_an_error(self) -> None:
        found = recorded("protected")
        assert [change.name for change in found.changes] == ["events"]
        assert "cannot be deleted\nbecause it is protected" in found.errors[0]

    def test_invalid_settings_are_an_error(self) -> None:
        found = recorded("invalid_setting")
        assert found.changes == ()
        assert "gatehouse:functions.memory: must be at least 128 (found 1)" in found.errors[0]

    def test_secret_settings_that_the_program_read_as_plain_text_are_masked(self) -> None:
        assert "hunter2" in as_text(recorded("collection_exchanged").changes)
        masked = as_text(recorded("collection_exchanged", "hunter2").changes)
        assert "hunter2" not in masked
        assert "variables.key: [secret] is added" in masked

    def test_a_secret_in_a_text_of_json_is_masked(self) -> None:
        policy = json.dumps({"Condition": 'a "quoted" secret'})
        found = read("dev", document(step("update", {"policy": "{}"}, {"policy": policy})), ['a "quoted" secret'])
        assert "quoted" not in as_text(found.changes)

    def test_a_secret_in_an_error_is_masked(self) -> None:
        message = 'boto3 rejected {"key": "quoted \\" secret"}, from quoted " secret'
        text = document(diagnostics=[{"severity": "error", "message": message}])
        assert read("dev", text, ['quoted " secret']).errors == ('boto3 rejected {"key": "[secret]"}, from [secret]',)

    def test_values_that_the_cli_masks_stay_masked(self) -> None:
        kinds: dict[str, Any] = {
            "secret": {
                "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
                "ciphertext": "c2VjcmV0",
            },
            "masked": "[secret]",
            "unknown": [UNKNOWN],
        }
        [change] = read("dev", document(step("update", {}, kinds))).changes
        assert [(each.path, each.new) for each in change.properties] == [
            ("masked", "[secret]"),
            ("secret", "[secret]"),
            ("unknown", '["[unknown]"]'),
        ]

    def test_only_what_the_provider_considers_changed_is_listed(self) -> None:
        steps = step("update", {"a": 1, "b": 1}, {"a": 2, "b": 2}, diffReasons=["b"])
        [change] = read("dev", document(steps)).changes
        assert [each.path for each in change.properties] == ["b"]

    def test_a_deleted_resource_that_stays_in_place_loses_nothing(self) -> None:
        urn = FUNCTION.replace("aws:lambda/function:Function", "aws:dynamodb/table:Table")
        [change] = read(
            "dev", document({"op": "delete", "urn": urn, "oldState": {"retainOnDelete": True}})
        ).changes  # fmt: skip
        assert (change.retained, change.loss) == (True, None)

    @pytest.mark.parametrize("op", ["read", "refresh", "discard", "a step of a later version"])
    def test_steps_that_change_nothing_are_ignored(self, op: str) -> None:
        assert read("dev", document(step(op, {"a": 1}, {"a": 2}))).changes == ()

    @pytest.mark.parametrize("text", [b"", b"Previewing update (dev)", b"[]", b'{"steps": [{}]}'])
    def test_other_documents_are_rejected(self, text: bytes) -> None:
        with pytest.raises(PreviewError, match="not the output of `pulumi preview --json`"):
            read("dev", text)


class TestComment:
    def test_it_starts_with_its_marker_and_has_a_section_for_each_stack(self) -> None:
        text = comment([StackChanges("dev"), recorded("keys_changed")], "0123456789abcdef")
        assert text.startswith(f"{MARKER}\n## Preview of `0123456789ab`\n\n### `dev`\n\n**no changes**\n\n### `dev`\n")
        assert "> - replace `aws:dynamodb:Table` `items`: all items\n" in text

    def test_errors_are_shown_as_code(self) -> None:
        text = comment([StackChanges("dev", errors=("first\n```\n</details>@everyone",))])
        assert "> The preview failed." in text
        assert "\n\n    first\n    ```\n    </details>@everyone\n" in text
        assert "no changes" not in text

    def test_a_long_error_is_shortened(self) -> None:
        assert len(comment([StackChanges("dev", errors=("x" * 100_000,))])) < 3000

    def test_properties_are_left_out_if_it_would_be_too_long(self) -> None:
        properties = recorded("collection_exchanged").changes
        [table] = recorded("keys_changed").changes[:1]
        many = [
            Change(operation=Operation.UPDATE, urn=f"{table.urn}-{n}", properties=(*table.properties * 5, *extra))
            for n in range(200)
            for extra in [tuple(each for change in properties for each in change.properties)[: n % 3]]
        ]
        distinct = [StackChanges(f"stack-{n}", tuple(many[n::20])) for n in range(20)]
        text = comment(distinct)
        assert len(text) <= MAX_LENGTH
        assert all(f"`{table.name}-{n}`" in text for n in range(200))

    def test_it_is_cut_off_at_a_line_if_it_is_still_too_long(self) -> None:
        changes = tuple(Change(operation=Operation.CREATE, urn=f"{FUNCTION}-{n}") for n in range(100))
        text = comment([StackChanges(f"stack-{n}", changes) for n in range(100)])
        assert len(text) <= MAX_LENGTH + 100
        assert text.endswith("\n\n**Too long: the rest is left out.**\n")


class TestStack:
    def test_a_stack_of_another_project_is_named_with_its_folder(self) -> None:
        assert Stack.parse("prod") == Stack("prod")
        assert Stack.parse("infra/account:main") == Stack("main", "infra/account")
        assert [str(Stack.parse(text)) for text in ("prod", "infra/account:main")] == ["prod", "infra/account:main"]

    @pytest.mark.parametrize("text", ["", "infra/account:", "--config-file=x:y"])
    def test_other_texts_are_rejected(self, text: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--markdown", "unused", "--", text])
        assert "must have the form NAME or FOLDER:NAME" in capsys.readouterr().err


@pytest.fixture
def fake_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which a stand-in for the CLI answers: `preview-dev` for `pulumi preview --stack dev`.

    It ends with the status in `preview-dev.status`, and logs its arguments.
    """
    script = tmp_path / "pulumi"
    script.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "folder = pathlib.Path(__file__).parent\n"
        "arguments = sys.argv[1:]\n"
        "with (folder / 'log').open('a') as log: print(*arguments, file=log)\n"
        "answer = folder / f\"{arguments[0]}-{arguments[arguments.index('--stack') + 1]}\"\n"
        "status = folder / f'{answer.name}.status'\n"
        "(sys.stdout if not status.exists() else sys.stderr).write(answer.read_text())\n"
        "sys.exit(int(status.read_text()) if status.exists() else 0)\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


class TestPreview:
    def test_the_cli_runs_in_the_stacks_folder_without_asking(self, fake_cli: Path) -> None:
        (fake_cli / "preview-main").write_text("{}")
        assert preview(Stack("main", "infra/account")) == StackChanges("infra/account:main")
        expected = "preview --cwd infra/account --stack main --json --non-interactive\n"
        assert (fake_cli / "log").read_text() == expected

    def test_secrets_are_revealed_only_to_mask_them(self, fake_cli: Path) -> None:
        shutil.copy(RECORDED / "collection_exchanged.json", fake_cli / "preview-dev")
        config = json.loads((RECORDED / "collection_exchanged.json").read_text())["config"]
        revealed = {key: {"value": text.replace("[secret]", "hunter2")} for key, text in config.items()}
        (fake_cli / "config-dev").write_text(json.dumps(revealed))
        text = as_text(preview(Stack("dev")).changes)
        assert "hunter2" not in text
        assert "variables.key: [secret] is added" in text
        assert '"http://localhost:3000 http://localhost:5174"' in text  # another value of the same setting

    def test_a_setting_that_is_secret_as_a_whole_is_masked_in_all_its_parts(self, fake_cli: Path) -> None:
        step_ = step("update", {"a": ["one", "two", "three", 4]}, {"a": [1, 2, 3, 5]})
        (fake_cli / "preview-dev").write_bytes(document(step_, config={"gatehouse:tags": "[secret]", "aws:x": "[sec"}))
        value = json.dumps({"b": ["one", {"c": "two"}], "d": "three", "e": 4})
        (fake_cli / "config-dev").write_text(json.dumps({"gatehouse:tags": {"value": value}, "aws:x": {"value": "y"}}))
        [change] = preview(Stack("dev")).changes
        assert {each.old for each in change.properties} == {"[secret]"}

    def test_secrets_that_cannot_be_revealed_are_an_error(self, fake_cli: Path) -> None:
        (fake_cli / "preview-dev").write_bytes(document(config={"a": "[secret]"}))
        (fake_cli / "config-dev").write_text("error: incorrect passphrase")
        (fake_cli / "config-dev.status").write_text("255")
        assert preview(Stack("dev")) == StackChanges("dev", errors=("error: incorrect passphrase",))

    def test_a_failure_without_a_reason_is_an_error(self, fake_cli: Path) -> None:
        (fake_cli / "pulumi").write_text("#!/bin/sh\necho '{}'\nexit 3\n")
        assert preview(Stack("dev")) == StackChanges("dev", errors=("`pulumi preview` ended with status 3",))

    def test_a_stack_that_does_not_exist_is_an_error(self, fake_cli: Path) -> None:
        (fake_cli / "preview-dev").write_text("error: no stack named 'dev' found\n")
        (fake_cli / "preview-dev.status").write_text("255")
        assert preview(Stack("dev")) == StackChanges("dev", errors=("error: no stack named 'dev' found",))

    def test_without_the_cli_the_command_says_what_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert main(["dev"]) == 1
        assert capsys.readouterr().err == "gatehouse: not found: pulumi\n"


class TestExitStatus:
    def run(self, name: str, *arguments: str) -> int:
        return main(["--read", str(RECORDED / f"{name}.json"), *arguments])

    def test_harmless_changes_pass(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("protection_removed") == 0
        assert capsys.readouterr().out == (
            "protection_removed\n~  aws:dynamodb:Table items\n     protect: true → false\n1 to update\n\n"
        )

    @pytest.mark.parametrize("name", ["collection_exchanged", "keys_changed"])
    def test_a_loss_of_data_fails_unless_it_is_allowed(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(name) == 1
        assert capsys.readouterr().err == (
            "gatehouse: data would be lost; if that is intended, pass --allow-data-loss\n"
        )
        assert self.run(name, "--allow-data-loss") == 0

    @pytest.mark.parametrize("name", ["protected", "invalid_setting"])
    def test_a_failed_preview_fails_in_any_case(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(name, "--allow-data-loss") == 1
        output, errors = capsys.readouterr()
        assert "no changes" not in output
        assert errors.endswith("gatehouse: the preview failed\n")

    def test_the_comment_is_written_also_if_the_check_fails(self, tmp_path: Path) -> None:
        assert self.run("keys_changed", "--markdown", str(tmp_path / "comment.md"), "--commit", "abc") == 1
        assert (tmp_path / "comment.md").read_text() == comment(
            [read("keys_changed", (RECORDED / "keys_changed.json").read_bytes())], "abc"
        )

    def test_a_comment_that_cannot_be_written_is_an_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "missing" / "comment.md"
        assert self.run("protection_removed", "--markdown", str(file)) == 1
        assert capsys.readouterr().err == f"gatehouse: cannot write {file}: No such file or directory\n"

    def test_a_file_that_is_no_preview_is_an_error(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "other.json").write_text("[]")
        assert main(["--read", str(tmp_path / "other.json")]) == 1
        assert capsys.readouterr().err.startswith("gatehouse: not the output of `pulumi preview --json`: ")

    def test_something_to_preview_is_required(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main([])
        assert "a STACK or --read FILE is required" in capsys.readouterr().err
