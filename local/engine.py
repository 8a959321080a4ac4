"""A Pulumi deployment engine in one process: the program runs unchanged, without the CLI and its plugins.

The SDK talks to its engine through a *resource monitor*, over gRPC; here the monitor is an object that answers the same
calls directly (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto). That uses internals of the
SDK, which is why its version is pinned exactly.
"""

import asyncio
import dataclasses
import logging
import runpy
import time
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, cast

from google.protobuf import empty_pb2, struct_pb2
from pulumi import RunError
from pulumi.runtime import set_all_config
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pulumi.runtime.settings import Settings, configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra import stack_file
from local.deployment import (
    STACK_TYPE,
    Deployment,
    DeploymentError,
    ProgramError,
    Resource,
    ResourceError,
    UnsupportedError,
)
from local.event_loop import InlineExecutor, note_place, noting_task_factory
from local.surroundings import surroundings
from local.values import Secret, from_struct, revealed, to_struct, unknown_paths

__all__ = [
    "Deployment",
    "DeploymentError",
    "Engine",
    "ProgramError",
    "Provisioner",
    "Resource",
    "ResourceError",
    "UnsupportedError",
    "deploy",
    "run",
]


# Resource references are left out on purpose: without them a resource among the inputs is sent as its id.
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
)
_LOG_LEVELS: Final = {
    engine_pb2.DEBUG: logging.DEBUG,
    engine_pb2.INFO: logging.INFO,
    engine_pb2.WARNING: logging.WARNING,
    engine_pb2.ERROR: logging.ERROR,
}
_log = logging.getLogger(__name__)


class Provisioner(Protocol):
    """Who makes the resources and answers the look-ups of a program."""

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a resource from its inputs, secrets revealed; its id and its outputs. May raise anything."""
        ...

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        """What a function of the provider (`aws:index/getRegion:getRegion`) returns; None while it cannot be known."""
        ...

    def read(self, type_: str, id_: str) -> dict[str, Any] | None:
        """Return the outputs of a resource that exists already; None while they cannot be known."""
        ...


def deploy(
    root: Path,
    stack: str,
    provider: Provisioner,
    overrides: Mapping[str, str] | None = None,
    on_created: Callable[[Resource], None] | None = None,
) -> Deployment:
    """Run the project's program for a stack and make its resources.

    Args:
        root: The folder with Pulumi.yaml and `__main__.py`.
        stack: The stack's name; its settings are in `Pulumi.<stack>.yaml`.
        provider: Who makes the resources.
        overrides: Settings that replace the stack file's (infra/stack_file.py).
        on_created: Called with each resource as soon as it is registered, and made if it is a custom one.

    Raises:
        SettingsError: The stack's settings are wrong.
        DeploymentError: The first thing that failed; nothing is made after it.
    """
    file = stack_file.read(root, stack, overrides)
    file.require_decrypted()
    return run(
        root / "__main__.py",
        project=file.project,
        stack=stack,
        config=file.values,
        provider=provider,
        preview=False,
        on_created=on_created,
    )


def run(
    program: Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    provider: Provisioner,
    preview: bool,
    on_created: Callable[[Resource], None] | None = None,
) -> Deployment:
    """Run a program once, with settings given as strings by their full names (`gatehouse:cors`).

    Environment, working directory and import path are as before when it returns.

    Raises:
        DeploymentError: The first thing that failed.
    """
    start = time.perf_counter()
    program = program.resolve()
    engine = Engine(provider, project=project, stack=stack, preview=preview, on_created=on_created)
    with surroundings(program.parent):
        asyncio.run(engine.run(program, config))
    engine.raise_failure()
    return Deployment(
        project=project,
        stack=stack,
        root=program.parent,
        preview=preview,
        resources=tuple(engine.resources.values()),
        exports=engine.exports,
        seconds=time.perf_counter() - start,
    )


class Engine:
    """The resource monitor of one run.

    After the first failure it makes nothing more: it answers every further registration with "failed", upon which the
    SDK lets the rest of the program see unknown values, and the run ends without a trail of errors that follow from it.
    """

    def __init__(
        self,
        provider: Provisioner,
        *,
        project: str,
        stack: str,
        preview: bool = False,
        on_created: Callable[[Resource], None] | None = None,
    ) -> None:
        self.resources: dict[str, Resource] = {}
        self.exports: Mapping[str, Any] = {}
        self._provider = provider
        self._project = project
        self._stack = stack
        self._preview = preview
        self._on_created = on_created
        self._failure: DeploymentError | None = None

    async def run(self, program: Path, config: Mapping[str, str]) -> None:
        """Run the program to its end; ask `raise_failure` how it went."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(InlineExecutor())
        loop.set_exception_handler(self._on_stray)
        loop.set_task_factory(noting_task_factory(program.parent))
        set_all_config(dict(config), [])
        configure(
            Settings(
                project=self._project,
                stack=self._stack,
                monitor=self,
                engine=_Log(),
                dry_run=self._preview,
                root_directory=str(program.parent),
                organization="organization",
            )
        )
        set_root_resource(cast("Any", None))  # one that an import made outside of a run
        try:
            await run_in_stack(lambda: self._execute(program))
        except Exception as error:  # noqa: BLE001 - a callback of the program, or what follows from an earlier failure
            self._fail_program(error, program)

    def raise_failure(self) -> None:
        """Raise the first thing that failed, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _execute(self, program: Path) -> None:
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as stop:
            if stop.code not in (None, 0):
                self._fail_program(stop, program)
        except Exception as error:  # noqa: BLE001 - whatever the program raises ends the run
            self._fail_program(error, program)
        except KeyboardInterrupt:  # the SDK would first make what the program has asked for until now
            self._fail(DeploymentError("interrupted"))
            raise

    def _fail(self, failure: DeploymentError, cause: BaseException | None = None) -> None:
        if self._failure is None:
            failure.__cause__ = cause
            self._failure = failure

    def _fail_program(self, error: BaseException, program: Path) -> None:
        self._fail(ProgramError(_described(error, program.parent)), error)

    def _on_stray(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Outputs that nobody awaited after a failure are no news; anything else is."""
        if self._failure is None:
            loop.default_exception_handler(context)

    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802 - the protocol's name
        """What this monitor understands."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """The program has ended."""
        return empty_pb2.Empty()

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record a resource and, outside of a preview, have it made."""
        urn = self._urn(request)
        if self._failure is None:
            try:
                return self._register(urn, request)
            except DeploymentError as failure:
                self._fail(failure, failure.__cause__)
            except Exception as error:  # noqa: BLE001 - a provider may raise anything
                self._fail(ResourceError(request.type, request.name, str(error) or type(error).__name__), error)
            except KeyboardInterrupt:
                self._fail(DeploymentError("interrupted"))
                raise
        return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.FAIL)

    def RegisterResourceOutputs(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record what a component, or the stack, gives to others."""
        if self._failure is None:
            outputs = from_struct(request.outputs)
            resource = dataclasses.replace(self.resources[request.urn], outputs=outputs)
            self.resources[request.urn] = resource
            if resource.type == STACK_TYPE:
                self.exports = outputs
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answer a look-up of the program."""
        answer = None
        if self._failure is None:
            try:
                answer = self._provider.invoke(request.tok, revealed(from_struct(request.args)))
            except Exception as error:  # noqa: BLE001 - a provider may raise anything
                self._fail(UnsupportedError(f"{request.tok}: {error}"), error)
        if answer is None:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))  # a keyword, so it cannot be written as an attribute
        return response

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Look up a resource that exists already (`Account.get`). Outputs missing in a plan are unknown to the SDK."""
        urn = self._urn(request)
        if self._failure is None:
            try:
                outputs = self._provider.read(request.type, request.id)
                return resource_pb2.ReadResourceResponse(urn=urn, properties=to_struct(outputs or {}))
            except Exception as error:  # noqa: BLE001 - a provider may raise anything
                self._fail(UnsupportedError(f"{request.type} {request.name}: {error}"), error)
        return resource_pb2.ReadResourceResponse(urn=urn, result=resource_pb2.FAIL)

    def __getattr__(self, name: str) -> Callable[[object], NoReturn]:
        """Refuse the rest of the protocol (`Call`, `RegisterPackage`, `RegisterStackTransform`, …) by its name."""
        if not name[0].isupper():
            raise AttributeError(name)

        def refuse(_: object) -> NoReturn:
            failure = UnsupportedError(f"{name}: the local engine does not answer this call of the Pulumi SDK")
            self._fail(failure)
            raise failure

        return refuse

    def _register(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        if urn in self.resources:
            raise ResourceError(request.type, request.name, f"registered twice: {urn}")
        if request.remote:
            raise UnsupportedError(f"{request.type} {request.name}: components of another language cannot be made")
        resource = _record(urn, request)
        if resource.custom and not self._preview:
            resource = self._make(resource, request.importId, secret=frozenset(request.additionalSecretOutputs))
        self.resources[urn] = resource
        if self._on_created is not None:
            self._on_created(resource)
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=resource.id,
            object=_merged(request.object, to_struct(resource.outputs)),
            # An output that the provider does not give is unknown to the program, instead of None far from here.
            unknown=resource.custom,
        )

    def _make(self, resource: Resource, import_id: str, secret: Container[str]) -> Resource:
        self._require_known(resource)
        start = time.perf_counter()
        if import_id:
            id_, made = import_id, self._provider.read(resource.type, import_id) or {}
        else:
            id_, made = self._provider.create(resource.type, resource.name, revealed(dict(resource.inputs)))
        seconds = time.perf_counter() - start
        outputs = {name: Secret(value) if name in secret else value for name, value in made.items()}
        return dataclasses.replace(resource, id=id_, outputs=outputs, seconds=seconds)

    def _require_known(self, resource: Resource) -> None:
        for name, value in resource.inputs.items():
            for path in unknown_paths(value, name):
                makers = [self.resources[urn] for urn in resource.property_dependencies.get(name, ())]
                given_by = " or ".join(f"{maker.type} {maker.name}" for maker in makers) or "another resource"
                raise ResourceError(
                    resource.type,
                    resource.name,
                    f"{path} comes from an output of {given_by} that the local engine does not provide",
                )

    def _urn(self, request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest) -> str:
        """https://www.pulumi.com/docs/iac/concepts/resources/names/#urns ."""
        within = request.parent.split("::")[2] if request.parent else STACK_TYPE
        type_ = request.type if within == STACK_TYPE else f"{within}${request.type}"
        return f"urn:pulumi:{self._stack}::{self._project}::{type_}::{request.name}"


class _Log:
    """The part of the engine that takes the program's messages (`pulumi.log.warn`)."""

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Hand a message to the standard library's logging."""
        _log.log(_LOG_LEVELS[request.severity], "%s", request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(  # noqa: N802 - the protocol's name
        self, _: engine_pb2.RequirePulumiVersionRequest
    ) -> engine_pb2.RequirePulumiVersionResponse:
        """Accept: there is no CLI whose version could be wrong."""
        return engine_pb2.RequirePulumiVersionResponse()


def _record(urn: str, request: resource_pb2.RegisterResourceRequest) -> Resource:
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            name: tuple(sorted(found.urns)) for name, found in request.propertyDependencies.items() if found.urns
        },
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        inputs=from_struct(request.object),
    )


def _merged(inputs: struct_pb2.Struct, outputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """A resource's state: its inputs as they came, with archives and secrets, and over them what the provider gave."""
    state = struct_pb2.Struct()
    for struct in (inputs, outputs):
        for name, value in struct.fields.items():
            state.fields[name].CopyFrom(value)
    return state


def _described(error: BaseException, root: Path) -> str:
    """What was raised, and where in the program; a `RunError` is the program's own message and stands for itself."""
    if isinstance(error, RunError):
        return str(error)
    note_place(error, root)
    place = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {str(error).strip() or 'no message'}{place}"
