"""The provider as a plugin: what the Pulumi CLI's engine gets as answers to its calls."""

import signal
import subprocess
from collections.abc import Iterator
from typing import Any, cast

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from infra.packaging.bundles import ROOT
from local.engine.values import UNKNOWN, from_struct, to_struct
from local.provider.plugin import Plugin, listen
from local.provider.state import Diff, Document, Failure, PartialFailure, State

TYPE = "test:index:Thing"
Kind = provider_pb2.PropertyDiff.Kind


class Things:
    """A provider that keeps its resources in a dictionary. A name cannot be changed, and the size must be positive."""

    def __init__(self) -> None:
        self.things: dict[str, Document] = {}

    def check(self, type_: str, inputs: Document) -> list[Failure]:
        known = inputs.get("size") not in (None, UNKNOWN)
        return [Failure(property="size", reason="must be positive")] if known and inputs["size"] <= 0 else []

    def configured(self, settings: Document) -> "Things":
        return self

    def with_defaults(self, type_: str, inputs: Document) -> Document:
        return {"kind": "thing", **inputs} if type_.endswith(":Kind") else inputs

    def diff(self, type_: str, state: State, inputs: Document) -> Diff:
        names = sorted({*state.inputs, *inputs})
        changed = tuple(name for name in names if state.inputs.get(name) != inputs.get(name))
        return Diff(changed=changed, replaces=tuple(name for name in changed if name == "name"))

    def create(self, type_: str, name: str, inputs: Document) -> State:
        if inputs.get("broken"):
            raise PartialFailure(State(id=name, inputs=inputs, outputs={**inputs, "half": True}), "only half is done")
        if "name" not in inputs:
            raise KeyError
        self.things[name] = inputs
        return self._state(name)

    def read(self, type_: str, state: State) -> State | None:
        return self._state(state.id) if state.id in self.things else None

    def update(self, type_: str, state: State, inputs: Document) -> State:
        changed = self.diff(type_, state, inputs).changed
        kept = {name: value for name, value in self.things[state.id].items() if name not in changed}
        self.things[state.id] = kept | {name: inputs[name] for name in changed if name in inputs}
        return self._state(state.id)

    def delete(self, type_: str, state: State) -> None:
        self.things.pop(state.id)

    def invoke(self, token: str, args: Document) -> Document | None:
        return {"names": sorted(self.things)} if token == "test:index:list" else None

    def _state(self, id_: str) -> State:
        return State(id=id_, inputs=self.things[id_], outputs={**self.things[id_], "arn": f"arn:{id_}"})


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
def engine(things: Things) -> Iterator[Any]:
    server, port = listen(Plugin(lambda _: things))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "us-east-1"})))
        yield stub
    server.stop(grace=None).wait()


def create(engine: Any, *, preview: bool = False, **inputs: Any) -> provider_pb2.CreateResponse:
    request = provider_pb2.CreateRequest(type=TYPE, name="one", properties=to_struct(inputs), preview=preview)
    return engine.Create(request)


def differences(engine: Any, old: Document, new: Document) -> provider_pb2.DiffResponse:
    olds, inputs, news = to_struct({**old, "arn": "arn:one"}), to_struct(old), to_struct(new)
    return engine.Diff(provider_pb2.DiffRequest(type=TYPE, id="one", olds=olds, old_inputs=inputs, news=news))


def update(engine: Any, old: Document, new: Document, *, preview: bool = False) -> Document:
    olds, inputs, news = to_struct({**old, "arn": "arn:one"}), to_struct(old), to_struct(new)
    request = provider_pb2.UpdateRequest(type=TYPE, id="one", olds=olds, old_inputs=inputs, news=news, preview=preview)
    return from_struct(engine.Update(request).properties)


def test_a_resource_is_created_read_updated_and_deleted(engine: Any, things: Things) -> None:
    created = create(engine, name="a", size=1)
    assert (created.id, from_struct(created.properties)) == ("one", {"name": "a", "size": 1, "arn": "arn:one"})
    assert update(engine, {"name": "a", "size": 1}, {"name": "a", "size": 2}) == {
        "name": "a", "size": 2, "arn": "arn:one"
    }  # fmt: skip
    found = engine.Read(provider_pb2.ReadRequest(type=TYPE, id="one"))
    assert (found.id, from_struct(found.inputs)) == ("one", {"name": "a", "size": 2})
    engine.Delete(provider_pb2.DeleteRequest(type=TYPE, id="one"))
    assert things.things == {}
    assert engine.Read(provider_pb2.ReadRequest(type=TYPE, id="one")).id == ""


def test_check_returns_the_inputs_with_unknown_values_and_every_failure(engine: Any) -> None:
    news = to_struct({"name": UNKNOWN, "size": 0})
    answer = engine.Check(provider_pb2.CheckRequest(type=TYPE, news=news))
    assert from_struct(answer.inputs) == {"name": UNKNOWN, "size": 0}
    assert [(each.property, each.reason) for each in answer.failures] == [("size", "must be positive")]


def test_check_returns_the_inputs_that_the_provider_adds(engine: Any) -> None:
    request = provider_pb2.CheckRequest(type="test:index:Kind", news=to_struct({"name": "a"}))
    assert from_struct(engine.Check(request).inputs) == {"kind": "thing", "name": "a"}


def test_a_preview_creates_and_changes_nothing(engine: Any, things: Things) -> None:
    created = create(engine, name="a", size=UNKNOWN, preview=True)
    assert (created.id, from_struct(created.properties)) == ("", {"name": "a", "size": UNKNOWN})
    changed = update(engine, {"name": "a", "size": 1, "tag": "x"}, {"name": "a", "size": UNKNOWN}, preview=True)
    assert changed == {"name": "a", "size": UNKNOWN, "arn": "arn:one"}
    assert things.things == {}


def test_equal_inputs_are_no_difference(engine: Any) -> None:
    answer = differences(engine, {"size": 1}, {"size": 1})
    assert (answer.changes, dict(answer.detailedDiff)) == (provider_pb2.DiffResponse.DIFF_NONE, {})


def test_a_difference_names_the_paths_that_change_and_those_that_replace(engine: Any) -> None:
    old = {"name": "a", "tags": {"kept": "1", "old.one": "2"}, "parts": [{"x": 1}, {"x": 2}]}
    new = {"name": "b", "tags": {"kept": "1", "new": "3"}, "parts": [{"x": 1}, {"x": 3}, {"x": 4}]}
    answer = differences(engine, old, new)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == ["name"]
    assert {path: each.kind for path, each in answer.detailedDiff.items()} == {
        "name": Kind.UPDATE_REPLACE,
        'tags["old.one"]': Kind.DELETE,
        "tags.new": Kind.ADD,
        "parts[1].x": Kind.UPDATE,
        "parts[2]": Kind.ADD,
    }


def test_a_failure_is_reported_by_its_message_only(engine: Any) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        create(engine, size=1)
    assert failure.value.details() == "KeyError"
    assert failure.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_a_partial_failure_is_reported_with_what_exists(engine: Any) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        create(engine, name="a", broken=True)
    (encoded,) = [
        value for name, value in cast("Any", failure.value.trailing_metadata()) if name == "grpc-status-details-bin"
    ]
    (detail,) = status_pb2.Status.FromString(encoded).details
    found = provider_pb2.ErrorResourceInitFailed()
    assert detail.Unpack(found)
    assert (found.id, list(found.reasons)) == ("one", ["only half is done"])
    assert from_struct(found.properties) == {"name": "a", "broken": True, "half": True}


def test_an_update_without_a_change_completes_what_succeeded_only_in_part(engine: Any, things: Things) -> None:
    things.things["one"] = {"name": "a"}
    wanted: Document = {"name": "a", "size": 1}
    update(engine, wanted, wanted)
    assert things.things["one"] == wanted


def test_a_lookup_without_a_known_result_fails(engine: Any) -> None:
    answer = engine.Invoke(provider_pb2.InvokeRequest(tok="test:index:list"))
    assert from_struct(getattr(answer, "return")) == {"names": []}
    with pytest.raises(grpc.RpcError) as failure:
        engine.Invoke(provider_pb2.InvokeRequest(tok="test:index:account"))
    assert "test:index:account: unknown in a preview" in str(failure.value.details())


@pytest.mark.parametrize("how", ["the CLI was killed", "the CLI is done"])
def test_the_executable_ends_with_the_cli(how: str) -> None:
    plugin = subprocess.Popen(
        [ROOT / "local" / "provider" / "bin" / "pulumi-resource-aws", "127.0.0.1:1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", text=True,
    )  # fmt: skip
    with plugin:
        assert plugin.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(plugin.stdout.readline())}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
        assert info.version.startswith("7.")
        if how == "the CLI is done":
            plugin.send_signal(signal.SIGINT)
        _, errors = plugin.communicate(timeout=60)  # closes standard input
        assert (plugin.returncode, errors) == (0, "")
