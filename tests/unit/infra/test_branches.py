"""Branch stacks use the settings of another stack, and different branches never share a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.branches import MAX_STACK, base_of, branch_of, main, settings_file, stack_of
from infra.naming import STAGE, Names
from infra.stack_file import SettingsError, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\n")
    for stack in ("dev", "dev-eu", "prod"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(f"config:\n  demo:of: {stack}\n")
    return tmp_path


class TestSettings:
    @pytest.mark.parametrize(
        ("stack", "base", "branch"),
        [
            ("dev-pr-12", "dev", "pr-12"),
            ("dev-eu-pr-12", "dev-eu", "pr-12"),
            ("prod-hotfix", "prod", "hotfix"),
            ("dev", None, None),
            ("dev-eu", None, None),
            ("development", None, None),
            ("test-pr-12", None, None),
        ],
    )
    def test_a_branch_stack_uses_the_longest_stack_that_its_name_starts_with(
        self, root: Path, stack: str, base: str | None, branch: str | None
    ) -> None:
        assert (base_of(root, stack), branch_of(root, stack)) == (base, branch)

    def test_the_settings_are_read_from_the_file_of_the_base(self, root: Path) -> None:
        assert read(root, "dev-pr-12").values["demo:of"] == "dev"
        assert settings_file(root, "dev-pr-12").name == "Pulumi.dev.yaml"

    def test_mistakes_are_reported_for_the_file_that_has_them(self, root: Path) -> None:
        (root / "Pulumi.dev.yaml").write_text("config:\n  demo:of: {secure: x}\n")
        with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml"):
            read(root, "dev-pr-12").require_decrypted()

    @pytest.mark.parametrize("own", ["config:\n  demo:of: own\n", "environment: [team/dev]\n", "a: [\n"])
    def test_a_stack_with_settings_of_its_own_is_not_a_branch(self, root: Path, own: str) -> None:
        (root / "Pulumi.dev-pr-12.yaml").write_text(own)
        assert base_of(root, "dev-pr-12") is None

    def test_a_file_with_only_the_key_of_secrets_has_no_settings(self, root: Path) -> None:
        (root / "Pulumi.dev-pr-12.yaml").write_text("encryptionsalt: v1:x\n")
        assert base_of(root, "dev-pr-12") == "dev"

    def test_a_stack_without_a_file_and_a_base_is_unknown(self, root: Path) -> None:
        with pytest.raises(SettingsError, match=r"Pulumi\.test-pr-12\.yaml: no such file"):
            read(root, "test-pr-12")


class TestNames:
    def test_a_valid_branch_is_used_as_it_is(self) -> None:
        assert stack_of("dev", "pr-12") == "dev-pr-12"

    @pytest.mark.parametrize(
        "branch",
        [
            "feature/Login",
            "x" * 200,
            "dependabot/pip/boto3-1.44.5",
            "Ünïcödé",
            "日本",
            "-",
            "",
            "a--b",
            "a-",
            "a_b",
            "A",
        ],
    )
    def test_any_other_branch_is_shortened_and_gets_a_digest(self, branch: str) -> None:
        stack = stack_of("dev", branch)
        assert len(stack) <= MAX_STACK
        assert STAGE.fullmatch(stack)
        assert stack == stack.lower()
        assert "--" not in stack
        assert stack.startswith("dev-")
        assert not stack.endswith("-")

    def test_branches_that_differ_have_different_stacks(self) -> None:
        branches = ["feature/login", "feature-login", "Feature-login", "feature_login", "f" * 40, "f" * 41, "ab", "AB"]
        assert len({stack_of("dev", branch) for branch in branches}) == len(branches)

    def test_names_of_functions_fit_with_the_longest_stack(self) -> None:
        names = Names("gatehouse", stack_of("dev", "x" * 200))
        assert list(names.problems([f"{'c' * 20}-replace", "authorizer"])) == []

    def test_a_base_without_room_for_branches_is_rejected(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["x" * 20, "pr-12"]) == 1
        assert "at most 16 characters" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("branch", "message"),
        [
            ("eu", "dev-eu: is the name of a stack with its own settings"),
            ("eu-fix", "dev-eu-fix: is the name of a branch of the stack dev-eu"),
            ("EU/Fix", "dev-eu-fix-"),
        ],
    )
    def test_a_name_that_belongs_to_another_stack_is_rejected(
        self, root: Path, branch: str, message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["dev", branch], root) == 1
        captured = capsys.readouterr()
        assert (message in captured.err, captured.out) == (True, "")

    def test_a_base_without_a_file_is_rejected(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["dve", "pr-12"], root) == 1
        assert "dve: no such stack file with settings, Pulumi.dve.yaml" in capsys.readouterr().err

    def test_the_command_prints_the_name_and_nothing_else(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["dev", "pr-12"]) == 0
        assert capsys.readouterr() == ("dev-pr-12\n", "")

    def test_a_domain_of_the_settings_becomes_a_subdomain_of_the_branch(self) -> None:
        assert Names("gatehouse", "dev-pr-12", "pr-12").domain("api.example.com") == "pr-12.api.example.com"
        assert Names("gatehouse", "dev").domain("api.example.com") == "api.example.com"

    def test_an_invalid_stack_name_is_reported_with_the_command_that_prints_a_valid_one(self) -> None:
        [problem] = Names("gatehouse", "dev-a.b").problems([])
        assert "python -m infra.branches" in problem
