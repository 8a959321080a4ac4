"""Programs run by the local engine: recorded resources, their order, and failures."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pytest

from local.engine import ProgramError, ResourceError, UnsupportedError, deploy
from local.engine.values import UNKNOWN, Secret
from local.plans.plan import plan
from tests.unit.local.programs import FakeProvider, named, write_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.engine import Step


class TestRecords:
    def test_a_resource_is_recorded_with_its_parent_options_and_dependencies(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            group = Group("group")
            first = Thing("first", opts=pulumi.ResourceOptions(parent=group, protect=True))
            Thing("second", source=first.made, count=3.0, opts=pulumi.ResourceOptions(
                parent=group, depends_on=[first], ignore_changes=["count"], replace_on_changes=["source"],
                delete_before_replace=True, retain_on_delete=True))
            """,
        )
        deployment = deploy(root, "dev", FakeProvider())
        group, first, second = (named(deployment, name) for name in ("group", "first", "second"))
        assert group.urn == "urn:pulumi:dev::demo::test:index:Group::group"
        assert group.parent == "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
        assert not group.custom
        assert first.urn == "urn:pulumi:dev::demo::test:index:Group$test:index:Thing::first"
        assert first.parent == group.urn
        assert first.protect
        assert not second.protect
        assert second.dependencies == (first.urn,)
        assert second.property_dependencies == {"source": (first.urn,)}
        assert second.inputs == {"source": "FIRST", "count": 3}
        assert (second.ignore_changes, second.replace_on_changes) == (("count",), ("source",))
        assert second.delete_before_replace is True
        assert first.delete_before_replace is None
        assert second.retain_on_delete
        assert second.id == "id-of-second"
        assert second.outputs == {"source": "FIRST", "count": 3, "made": "SECOND"}

    def test_children_inherit_protection(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            group = Group("group", pulumi.ResourceOptions(protect=True))
            Thing("child", opts=pulumi.ResourceOptions(parent=group))
            """,
        )
        assert named(deploy(root, "dev", FakeProvider()), "child").protect

    def test_resources_are_created_in_the_same_order_each_time(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            last = None
            for index in range(20):
                thing = Thing(f"t{index}", needs=last.made if last and index % 3 else "nothing")
                last = thing
            """,
        )
        orders: list[list[str]] = []
        for _ in range(5):
            provider = FakeProvider()
            deploy(root, "dev", provider)
            orders.append(provider.names)
        assert all(order == orders[0] for order in orders)
        assert sorted(orders[0]) == sorted(f"t{index}" for index in range(20))

    def test_exports_are_resolved(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            thing = Thing("thing")
            pulumi.export("made", thing.made)
            pulumi.export("all", {"id": thing.id, "both": [thing.made, 1]})
            """,
        )
        exports = deploy(root, "dev", FakeProvider()).exports
        assert exports == {"made": "THING", "all": {"id": "id-of-thing", "both": ["THING", 1]}}

    def test_outputs_that_a_component_registers_are_recorded(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Group("group").register_outputs({"size": 2})')
        assert named(deploy(root, "dev", FakeProvider()), "group").outputs == {"size": 2}

    def test_each_resource_is_reported_after_its_creation(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one")\nThing("two")')
        reported: list[Step] = []
        deployment = deploy(root, "dev", FakeProvider(), on_step=reported.append)
        assert [(step.operation, step.resource.name) for step in reported] == [
            ("create", "demo-dev"),
            ("create", "one"),
            ("create", "two"),
        ]
        assert [step.resource for step in reported] == list(deployment.resources)
        assert all(resource.seconds > 0 for resource in deployment.resources if resource.custom)

    def test_a_resource_among_the_inputs_becomes_its_id(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", of=Thing("used"))')
        assert named(deploy(root, "dev", FakeProvider()), "user").inputs == {"of": "id-of-used"}

    def test_an_asynchronous_program_is_awaited(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            import asyncio

            async def main():
                await asyncio.sleep(0)
                return {"made": Thing("thing").made}

            pulumi.run(main)
            """,
        )
        assert deploy(root, "dev", FakeProvider()).exports == {"made": "THING"}


class TestSecrets:
    SOURCE = """
    password = pulumi.Output.secret("hunter2")
    thing = Thing("thing", password=password, nested={"inner": [password, "plain"]}, plain="plain")
    pulumi.export("password", password)
    """

    def test_the_provider_gets_the_values_of_secrets(self, tmp_path: Path) -> None:
        provider = FakeProvider()
        deploy(write_program(tmp_path, self.SOURCE), "dev", provider)
        expected = {"password": "hunter2", "nested": {"inner": ["hunter2", "plain"]}, "plain": "plain"}
        assert provider.created == [("thing", expected)]

    def test_records_and_exports_mark_secrets_and_do_not_print_them(self, tmp_path: Path) -> None:
        deployment = deploy(write_program(tmp_path, self.SOURCE), "dev", FakeProvider())
        assert named(deployment, "thing").inputs["password"] == Secret("hunter2")
        assert deployment.exports == {"password": Secret("hunter2")}
        assert "hunter2" not in repr(deployment)

    def test_outputs_declared_secret_are_secret(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            thing = Thing("thing", opts=pulumi.ResourceOptions(additional_secret_outputs=["made"]))
            Thing("user", text=thing.made)
            """,
        )
        deployment = deploy(root, "dev", FakeProvider())
        assert named(deployment, "thing").outputs == {"made": Secret("THING")}
        assert named(deployment, "user").inputs == {"text": Secret("THING")}

    def test_values_derived_from_secrets_are_secret(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            pulumi.export("length", pulumi.Output.secret("hunter2").apply(len))
            """,
        )
        assert deploy(root, "dev", FakeProvider()).exports == {"length": Secret(7)}


class TestUnknowns:
    def test_in_a_preview_outputs_are_unknown_and_so_are_inputs_that_depend_on_them(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            thing = Thing("thing", given="here")
            Thing("user", text=thing.made, id_=thing.id, nested={"inner": [thing.never, 1]})
            pulumi.export("made", thing.made)
            """,
        )
        deployment = plan(root, "dev")
        assert named(deployment, "thing").inputs == {"given": "here"}
        assert named(deployment, "user").inputs == {"text": UNKNOWN, "id_": UNKNOWN, "nested": {"inner": [UNKNOWN, 1]}}
        assert deployment.exports == {"made": UNKNOWN}
        assert deployment.preview

    def test_in_a_deployment_an_output_that_the_provider_does_not_return_is_reported(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", nested={"inner": [Thing("used").never]})')
        with pytest.raises(ResourceError) as failure:
            deploy(root, "dev", FakeProvider())
        assert str(failure.value) == (
            "test:index:Thing user: nested.inner[0] is an output of test:index:Thing used"
            " that the local provider does not return"
        )
        assert (failure.value.type, failure.value.name) == ("test:index:Thing", "user")

    def test_formatting_an_output_without_apply_raises(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", text=f"{Thing(\'used\').made}")')
        with pytest.raises(ProgramError, match=r"Calling __str__ on an Output"):
            deploy(root, "dev", FakeProvider())


class TestFailures:
    @pytest.fixture(autouse=True)
    def _nothing_is_reported_twice(
        self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> Iterator[None]:
        """Fail if asyncio reports futures that were never awaited, which it does when they are garbage collected."""
        yield
        gc.collect()
        assert capfd.readouterr() == ("", "")
        assert caplog.text == ""

    def test_a_resource_that_cannot_be_created_ends_the_deployment(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            one = Thing("one")
            two = Thing("two", needs=one.made)
            three = Thing("three", needs=two.made)
            two.made.apply(lambda made: made.lower())
            Thing("four", needs=pulumi.Output.all(one.made, two.made).apply(lambda made: made[1].lower()))
            pulumi.export("three", three.made)
            """,
        )
        provider = FakeProvider(broken="two")
        with pytest.raises(ResourceError, match=r"^test:index:Thing two: the service rejected the call$") as failure:
            deploy(root, "dev", provider)
        assert isinstance(failure.value.__cause__, RuntimeError)
        assert provider.names == ["one"]

    def test_an_exception_in_the_program_is_reported_with_its_line_and_nothing_is_created(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one")\n\nraise KeyError("stage")')
        provider = FakeProvider()
        line = (root / "__main__.py").read_text().splitlines().index('raise KeyError("stage")') + 1
        with pytest.raises(ProgramError) as failure:
            deploy(root, "dev", provider)
        assert str(failure.value) == f"KeyError: 'stage' (__main__.py:{line})"
        assert isinstance(failure.value.__cause__, KeyError)
        assert provider.names == []

    def test_the_message_of_a_run_error_is_reported_unchanged(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'raise pulumi.RunError("cors: no origins\\nstage: too long")')
        with pytest.raises(ProgramError) as failure:
            deploy(root, "dev", FakeProvider())
        assert str(failure.value) == "cors: no origins\nstage: too long"

    def test_a_syntax_error_is_a_program_error(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError, match="SyntaxError"):
            deploy(write_program(tmp_path, "Thing("), "dev", FakeProvider())

    def test_an_exception_in_a_callback_ends_the_deployment(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            one = Thing("one")
            broken = one.made.apply(lambda made: made["no such key"])
            Thing("two", needs=broken)
            Thing("three", needs=broken.apply(str))
            """,
        )
        provider = FakeProvider()
        with pytest.raises(ProgramError, match=r"TypeError: string indices must be integers.*\(__main__\.py:\d+\)"):
            deploy(root, "dev", provider)
        assert provider.names == ["one"]

    def test_exiting_with_a_status_is_a_failure_and_exiting_without_one_is_not(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError, match="SystemExit: no stage"):
            deploy(write_program(tmp_path / "failed", 'raise SystemExit("no stage")'), "dev", FakeProvider())
        ended = deploy(write_program(tmp_path / "ended", 'Thing("one")\nraise SystemExit'), "dev", FakeProvider())
        assert named(ended, "one").id == "id-of-one"

    def test_two_resources_with_the_same_name_are_rejected(self, tmp_path: Path) -> None:
        with pytest.raises(ResourceError, match="registered twice"):
            deploy(write_program(tmp_path, 'Thing("one")\nThing("one")'), "dev", FakeProvider())

    def test_an_existing_resource_that_cannot_be_read_is_reported(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one", opts=pulumi.ResourceOptions(id="abc"))\nThing("two")')
        provider = FakeProvider(broken="abc")
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: the service rejected the call"):
            deploy(root, "dev", provider)
        assert provider.names == []

    def test_an_existing_resource_that_cannot_be_imported_is_reported(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one", opts=pulumi.ResourceOptions(import_="abc"))')
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: the service rejected the call"):
            deploy(root, "dev", FakeProvider(broken="abc"))

    def test_an_unsupported_call_is_reported(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'pulumi.runtime.call("test:index:Thing/method", {})')
        with pytest.raises(UnsupportedError, match=r"^Call: the local engine does not support this call"):
            deploy(root, "dev", FakeProvider())

    def test_an_unsupported_look_up_is_reported(self, tmp_path: Path) -> None:
        class WithoutFunctions(FakeProvider):
            def invoke(self, token: str, args: dict[str, object]) -> None:
                raise NotImplementedError("not supported")

        root = write_program(tmp_path, 'pulumi.runtime.invoke("test:index:look", {}).value["x"]')
        with pytest.raises(UnsupportedError, match=r"^test:index:look: not supported$"):
            deploy(root, "dev", WithoutFunctions())

    def test_an_exception_of_the_callback_is_a_failure(self, tmp_path: Path) -> None:
        def callback(_: Step) -> None:
            raise ValueError("closed file")

        with pytest.raises(ResourceError, match="closed file"):
            deploy(write_program(tmp_path, 'Thing("one")'), "dev", FakeProvider(), on_step=callback)

    def test_a_failure_does_not_affect_the_next_run(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError):
            deploy(write_program(tmp_path / "a", 'Thing("one")\nraise ValueError'), "dev", FakeProvider())
        assert named(deploy(write_program(tmp_path / "b", 'Thing("one")'), "dev", FakeProvider()), "one").id


class TestLookUps:
    def test_a_program_gets_the_result(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            now = pulumi.runtime.invoke("test:index:look", {"for": "it"}).value
            later = pulumi.runtime.invoke_output("test:index:look", {"for": Thing("one").made})
            Thing("two", now=now["found"], later=later["found"])
            """,
        )
        provider = FakeProvider(answers={"test:index:look": {"found": "this"}})
        deployment = deploy(root, "dev", provider)
        assert named(deployment, "two").inputs == {"now": "this", "later": "this"}
        assert provider.looked_up == [("test:index:look", {"for": "it"}), ("test:index:look", {"for": "ONE"})]

    def test_an_unknown_result_is_unknown_to_the_program(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            later = pulumi.runtime.invoke_output("aws:index/getCallerIdentity:getCallerIdentity", {})
            Thing("one", account=later["accountId"])
            """,
        )
        assert named(plan(root, "dev"), "one").inputs == {"account": UNKNOWN}


class TestIsolation:
    def test_the_program_runs_in_its_folder_and_can_import_its_modules(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            import os
            import beside_the_program
            pulumi.export("folder", os.getcwd())
            pulumi.export("value", beside_the_program.VALUE)
            pulumi.export("names", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
            """,
        )
        (root / "beside_the_program.py").write_text("VALUE = 3")
        exports = deploy(root, "dev", FakeProvider()).exports
        assert exports["folder"] == str(root)
        assert exports["value"] == 3
        assert exports["names"] == ["demo", "dev", "organization"]

    def test_the_program_does_not_see_the_developers_settings(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("PULUMI_CONFIG_DEMO_SIZE", "7")
        root = write_program(
            tmp_path,
            """
            import os
            pulumi.export("region", os.environ.get("AWS_REGION", "none"))
            pulumi.export("size", pulumi.Config().get("size") or "none")
            """,
        )
        assert deploy(root, "dev", FakeProvider()).exports == {"region": "none", "size": "none"}

    @pytest.mark.parametrize("source", ['Thing("one")', "raise ValueError"])
    def test_the_environment_is_restored_after_a_run(self, tmp_path: Path, source: str) -> None:
        before = (dict(os.environ), Path.cwd(), list(sys.path), sys.argv, sys.modules["__main__"])
        root = write_program(tmp_path, f'import os\nos.environ["LEFT"] = "1"\n{source}')
        with contextlib.suppress(ProgramError):
            deploy(root, "dev", FakeProvider())
        assert (dict(os.environ), Path.cwd(), list(sys.path), sys.argv, sys.modules["__main__"]) == before

    def test_settings_do_not_leak_into_the_next_run(self, tmp_path: Path) -> None:
        source = 'pulumi.export("size", pulumi.Config().get_int("size") or 0)'
        declared = "size:\n  type: integer\n  default: 0"
        large = write_program(tmp_path / "large", source, config=declared, stack="demo:size: 9")
        small = write_program(tmp_path / "small", source, config=declared)
        sizes = [deploy(root, "dev", FakeProvider()).exports["size"] for root in (large, small, large)]
        assert sizes == [9, 0, 9]
        assert pulumi.Config("demo").get("size") is None

    def test_previews_and_deployments_can_alternate_in_one_process(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'pulumi.export("dry", pulumi.runtime.is_dry_run())\nThing("one")')
        seen = [plan(root, "dev"), deploy(root, "dev", FakeProvider()), plan(root, "dev")]
        assert [deployment.exports["dry"] for deployment in seen] == [True, False, True]
        assert [len(deployment.resources) for deployment in seen] == [2, 2, 2]
