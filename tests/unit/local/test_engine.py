"""Programs run in process: what is recorded, in which order, and how a run fails."""

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
from local.plan import plan
from local.values import UNKNOWN, Secret
from tests.unit.local.programs import Workshop, named, write_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.engine import Resource


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
        deployment = deploy(root, "dev", Workshop())
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
        assert second.outputs == {"made": "SECOND"}

    def test_children_inherit_protection(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            group = Group("group", pulumi.ResourceOptions(protect=True))
            Thing("child", opts=pulumi.ResourceOptions(parent=group))
            """,
        )
        assert named(deploy(root, "dev", Workshop()), "child").protect

    def test_resources_are_made_in_the_same_order_each_time(self, tmp_path: Path) -> None:
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
            workshop = Workshop()
            deploy(root, "dev", workshop)
            orders.append(workshop.names)
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
        exports = deploy(root, "dev", Workshop()).exports
        assert exports == {"made": "THING", "all": {"id": "id-of-thing", "both": ["THING", 1]}}

    def test_outputs_that_a_component_registers_are_recorded(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Group("group").register_outputs({"size": 2})')
        assert named(deploy(root, "dev", Workshop()), "group").outputs == {"size": 2}

    def test_each_resource_is_reported_once_it_is_made(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one")\nThing("two")')
        reported: list[Resource] = []
        deployment = deploy(root, "dev", Workshop(), on_created=reported.append)
        assert [resource.name for resource in reported] == ["demo-dev", "one", "two"]
        assert reported[1:] == list(deployment.resources[1:])
        assert all(resource.seconds > 0 for resource in deployment.resources if resource.custom)

    def test_a_resource_among_the_inputs_is_its_id(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", of=Thing("used"))')
        assert named(deploy(root, "dev", Workshop()), "user").inputs == {"of": "id-of-used"}

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
        assert deploy(root, "dev", Workshop()).exports == {"made": "THING"}


class TestSecrets:
    SOURCE = """
    password = pulumi.Output.secret("hunter2")
    thing = Thing("thing", password=password, nested={"inner": [password, "plain"]}, plain="plain")
    pulumi.export("password", password)
    """

    def test_the_provider_gets_them_unwrapped(self, tmp_path: Path) -> None:
        workshop = Workshop()
        deploy(write_program(tmp_path, self.SOURCE), "dev", workshop)
        expected = {"password": "hunter2", "nested": {"inner": ["hunter2", "plain"]}, "plain": "plain"}
        assert workshop.created == [("thing", expected)]

    def test_records_and_exports_keep_them_marked_and_do_not_show_them(self, tmp_path: Path) -> None:
        deployment = deploy(write_program(tmp_path, self.SOURCE), "dev", Workshop())
        assert named(deployment, "thing").inputs["password"] == Secret("hunter2")
        assert deployment.exports == {"password": Secret("hunter2")}
        assert "hunter2" not in repr(deployment)

    def test_outputs_that_a_type_declares_secret_are(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            thing = Thing("thing", opts=pulumi.ResourceOptions(additional_secret_outputs=["made"]))
            Thing("user", text=thing.made)
            """,
        )
        deployment = deploy(root, "dev", Workshop())
        assert named(deployment, "thing").outputs == {"made": Secret("THING")}
        assert named(deployment, "user").inputs == {"text": Secret("THING")}

    def test_what_is_derived_from_them_is_secret_too(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            pulumi.export("length", pulumi.Output.secret("hunter2").apply(len))
            """,
        )
        assert deploy(root, "dev", Workshop()).exports == {"length": Secret(7)}


class TestUnknowns:
    def test_in_a_preview_outputs_are_unknown_and_inputs_of_them_marked(self, tmp_path: Path) -> None:
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

    def test_in_a_deployment_an_output_that_is_not_given_is_named(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", nested={"inner": [Thing("used").never]})')
        with pytest.raises(ResourceError) as failure:
            deploy(root, "dev", Workshop())
        assert str(failure.value) == (
            "test:index:Thing user: nested.inner[0] comes from an output of test:index:Thing used"
            " that the local engine does not provide"
        )
        assert (failure.value.type, failure.value.name) == ("test:index:Thing", "user")

    def test_text_made_of_an_output_without_apply_raises(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("user", text=f"{Thing(\'used\').made}")')
        with pytest.raises(ProgramError, match=r"Calling __str__ on an Output"):
            deploy(root, "dev", Workshop())


class TestFailures:
    @pytest.fixture(autouse=True)
    def _nothing_is_said_twice(
        self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> Iterator[None]:
        """Futures that nobody awaited speak up when they are collected."""
        yield
        gc.collect()
        assert capfd.readouterr() == ("", "")
        assert caplog.text == ""

    def test_a_resource_that_cannot_be_made_ends_the_deployment(self, tmp_path: Path) -> None:
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
        workshop = Workshop(broken="two")
        with pytest.raises(ResourceError, match=r"^test:index:Thing two: the service refused$") as failure:
            deploy(root, "dev", workshop)
        assert isinstance(failure.value.__cause__, RuntimeError)
        assert workshop.names == ["one"]

    def test_an_exception_in_the_program_names_the_line_and_makes_nothing(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one")\n\nraise KeyError("stage")')
        workshop = Workshop()
        line = (root / "__main__.py").read_text().splitlines().index('raise KeyError("stage")') + 1
        with pytest.raises(ProgramError) as failure:
            deploy(root, "dev", workshop)
        assert str(failure.value) == f"KeyError: 'stage' (__main__.py:{line})"
        assert isinstance(failure.value.__cause__, KeyError)
        assert workshop.names == []

    def test_an_error_that_the_program_words_itself_stands_for_itself(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'raise pulumi.RunError("cors: no origins\\nstage: too long")')
        with pytest.raises(ProgramError) as failure:
            deploy(root, "dev", Workshop())
        assert str(failure.value) == "cors: no origins\nstage: too long"

    def test_a_syntax_error_is_the_programs(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError, match="SyntaxError"):
            deploy(write_program(tmp_path, "Thing("), "dev", Workshop())

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
        workshop = Workshop()
        with pytest.raises(ProgramError, match=r"TypeError: string indices must be integers.*\(__main__\.py:\d+\)"):
            deploy(root, "dev", workshop)
        assert workshop.names == ["one"]

    def test_ending_with_a_status_is_a_failure_and_ending_without_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError, match="SystemExit: no stage"):
            deploy(write_program(tmp_path / "failed", 'raise SystemExit("no stage")'), "dev", Workshop())
        ended = deploy(write_program(tmp_path / "ended", 'Thing("one")\nraise SystemExit'), "dev", Workshop())
        assert named(ended, "one").id == "id-of-one"

    def test_two_resources_of_one_name_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ResourceError, match="registered twice"):
            deploy(write_program(tmp_path, 'Thing("one")\nThing("one")'), "dev", Workshop())

    def test_an_existing_resource_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one", opts=pulumi.ResourceOptions(id="abc"))\nThing("two")')
        workshop = Workshop(broken="abc")
        with pytest.raises(UnsupportedError, match=r"^test:index:Thing one: the service refused"):
            deploy(root, "dev", workshop)
        assert workshop.names == []

    def test_an_existing_resource_that_cannot_be_imported_is_named(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'Thing("one", opts=pulumi.ResourceOptions(import_="abc"))')
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: the service refused"):
            deploy(root, "dev", Workshop(broken="abc"))

    def test_a_call_that_is_not_answered_is_named(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'pulumi.runtime.call("test:index:Thing/method", {})')
        with pytest.raises(UnsupportedError, match=r"^Call: the local engine does not answer this call"):
            deploy(root, "dev", Workshop())

    def test_a_look_up_without_an_answer_is_named(self, tmp_path: Path) -> None:
        class Ignorant(Workshop):
            def invoke(self, token: str, args: dict[str, object]) -> None:
                raise NotImplementedError("no answer")

        root = write_program(tmp_path, 'pulumi.runtime.invoke("test:index:look", {}).value["x"]')
        with pytest.raises(UnsupportedError, match=r"^test:index:look: no answer$"):
            deploy(root, "dev", Ignorant())

    def test_a_failing_report_is_a_failure(self, tmp_path: Path) -> None:
        def report(_: Resource) -> None:
            raise ValueError("closed file")

        with pytest.raises(ResourceError, match="closed file"):
            deploy(write_program(tmp_path, 'Thing("one")'), "dev", Workshop(), on_created=report)

    def test_after_a_failure_the_next_run_is_clean(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError):
            deploy(write_program(tmp_path / "a", 'Thing("one")\nraise ValueError'), "dev", Workshop())
        assert named(deploy(write_program(tmp_path / "b", 'Thing("one")'), "dev", Workshop()), "one").id


class TestLookUps:
    def test_a_program_gets_the_answer(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            now = pulumi.runtime.invoke("test:index:look", {"for": "it"}).value
            later = pulumi.runtime.invoke_output("test:index:look", {"for": Thing("one").made})
            Thing("two", now=now["found"], later=later["found"])
            """,
        )
        workshop = Workshop(answers={"test:index:look": {"found": "this"}})
        deployment = deploy(root, "dev", workshop)
        assert named(deployment, "two").inputs == {"now": "this", "later": "this"}
        assert workshop.looked_up == [("test:index:look", {"for": "it"}), ("test:index:look", {"for": "ONE"})]

    def test_an_answer_that_is_not_known_yet_is_unknown(self, tmp_path: Path) -> None:
        root = write_program(
            tmp_path,
            """
            later = pulumi.runtime.invoke_output("aws:index/getCallerIdentity:getCallerIdentity", {})
            Thing("one", account=later["accountId"])
            """,
        )
        assert named(plan(root, "dev"), "one").inputs == {"account": UNKNOWN}


class TestExistingResources:
    READ = """
        one = Thing("one", opts=pulumi.ResourceOptions(id="abc"))
        Thing("two", title=one.made)
    """
    IMPORT = """
        one = Thing("one", opts=pulumi.ResourceOptions(import_="abc"))
        Thing("two", title=one.made)
    """

    @pytest.mark.parametrize("source", [READ, IMPORT])
    def test_it_is_not_created_and_has_its_own_outputs(self, tmp_path: Path, source: str) -> None:
        workshop = Workshop()
        deployed = deploy(write_program(tmp_path, source), "dev", workshop)
        assert workshop.names == ["two"]
        assert named(deployed, "two").inputs == {"title": "abc exists"}

    @pytest.mark.parametrize("source", [READ, IMPORT])
    def test_nothing_is_known_of_it_in_a_plan(self, tmp_path: Path, source: str) -> None:
        assert named(plan(write_program(tmp_path, source), "dev"), "two").inputs == {"title": UNKNOWN}


class TestSurroundings:
    def test_the_program_finds_its_folder_and_its_modules(self, tmp_path: Path) -> None:
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
        exports = deploy(root, "dev", Workshop()).exports
        assert exports["folder"] == str(root)
        assert exports["value"] == 3
        assert exports["names"] == ["demo", "dev", "organization"]

    def test_the_developers_settings_are_out_of_sight(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert deploy(root, "dev", Workshop()).exports == {"region": "none", "size": "none"}

    @pytest.mark.parametrize("source", ['Thing("one")', "raise ValueError"])
    def test_everything_is_as_before_afterwards(self, tmp_path: Path, source: str) -> None:
        before = (dict(os.environ), Path.cwd(), list(sys.path), sys.argv, sys.modules["__main__"])
        root = write_program(tmp_path, f'import os\nos.environ["LEFT"] = "1"\n{source}')
        with contextlib.suppress(ProgramError):
            deploy(root, "dev", Workshop())
        assert (dict(os.environ), Path.cwd(), list(sys.path), sys.argv, sys.modules["__main__"]) == before

    def test_settings_of_one_run_are_not_those_of_the_next(self, tmp_path: Path) -> None:
        source = 'pulumi.export("size", pulumi.Config().get_int("size") or 0)'
        declared = "size:\n  type: integer\n  default: 0"
        large = write_program(tmp_path / "large", source, config=declared, stack="demo:size: 9")
        small = write_program(tmp_path / "small", source, config=declared)
        sizes = [deploy(root, "dev", Workshop()).exports["size"] for root in (large, small, large)]
        assert sizes == [9, 0, 9]
        assert pulumi.Config("demo").get("size") is None

    def test_a_preview_and_a_deployment_follow_each_other_in_one_process(self, tmp_path: Path) -> None:
        root = write_program(tmp_path, 'pulumi.export("dry", pulumi.runtime.is_dry_run())\nThing("one")')
        seen = [plan(root, "dev"), deploy(root, "dev", Workshop()), plan(root, "dev")]
        assert [deployment.exports["dry"] for deployment in seen] == [True, False, True]
        assert [len(deployment.resources) for deployment in seen] == [2, 2, 2]
