"""The resource monitor: the object that the Pulumi SDK calls to register resources and to look up values.

The SDK normally reaches its engine over gRPC. Here a Python object answers the same calls directly
(https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto). This uses internals of the SDK, so its
version is pinned exactly.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Container, Mapping
from typing import Any, Final, NoReturn

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from local.engine.deployment import STACK_TYPE, DeploymentError, Resource, ResourceError, UnsupportedError
from local.engine.values import Secret, from_struct, revealed, to_struct, unknown_paths
from local.provider.state import Provider, State

# Without the feature "resource references", the SDK sends a resource among the inputs as its id.
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


class ResourceMonitor:
    """The resource monitor of one run.

    It keeps the first failure and creates nothing after it: every later registration is answered with "failed". The SDK
    then gives the rest of the program unknown values, so that no further errors follow from the first.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        project: str,
        stack: str,
        preview: bool,
        on_created: Callable[[Resource], None] | None,
    ) -> None:
        self.project = project
        self.stack = stack
        self.preview = preview
        self.resources: dict[str, Resource] = {}
        self.exports: Mapping[str, Any] = {}
        self.failure: DeploymentError | None = None
        self._provider = provider
        self._on_created = on_created

    def fail(self, failure: DeploymentError, cause: BaseException | None = None) -> None:
        """Record a failure of the run, unless there is an earlier one."""
        if self.failure is None:
            failure.__cause__ = cause
            self.failure = failure

    def handle_unawaited_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report an exception of a task that is never awaited; after a failure such exceptions are expected."""
        if self.failure is None:
            loop.default_exception_handler(context)

    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802 - the protocol's name
        """Return the features that this monitor supports."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Do nothing: the program has ended."""
        return empty_pb2.Empty()

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record a resource and, unless this is a preview, create it."""
        urn = self._urn(request)
        if self.failure is None:
            try:
                return self._register(urn, request)
            except DeploymentError as failure:
                self.fail(failure, failure.__cause__)
            except Exception as error:  # noqa: BLE001 - a provider may raise any exception
                self.fail(ResourceError(request.type, request.name, str(error) or type(error).__name__), error)
            except KeyboardInterrupt:
                self.fail(DeploymentError("interrupted"))
                raise
        return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.FAIL)

    def RegisterResourceOutputs(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        if self.failure is None:
            outputs = from_struct(request.outputs)
            resource = dataclasses.replace(self.resources[request.urn], outputs=outputs)
            self.resources[request.urn] = resource
            if resource.type == STACK_TYPE:
                self.exports = outputs
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of the provider."""
        result = None
        if self.failure is None:
            try:
                result = self._provider.invoke(request.tok, revealed(from_struct(request.args)))
            except Exception as error:  # noqa: BLE001 - a provider may raise any exception
                self.fail(UnsupportedError(f"{request.tok}: {error}"), error)
        if result is None:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))  # `return` is a keyword
        return response

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Read an existing resource (`Account.get`). In a preview, the SDK treats missing outputs as unknown."""
        urn = self._urn(request)
        if self.failure is None:
            try:
                found = self._provider.read(request.type, State(id=request.id))
                if found is not None:
                    return resource_pb2.ReadResourceResponse(urn=urn, properties=to_struct(found.outputs))
                self.fail(ResourceError(request.type, request.name, f"there is no resource with the id {request.id}"))
            except Exception as error:  # noqa: BLE001 - a provider may raise any exception
                self.fail(UnsupportedError(f"{request.type} {request.name}: {error}"), error)
        return resource_pb2.ReadResourceResponse(urn=urn, result=resource_pb2.FAIL)

    def __getattr__(self, name: str) -> Callable[[object], NoReturn]:
        """Reject all other calls of the protocol (`Call`, `RegisterPackage`, `RegisterStackTransform`, …)."""
        if not name[0].isupper():
            raise AttributeError(name)

        def reject(_: object) -> NoReturn:
            failure = UnsupportedError(f"{name}: the local engine does not support this call of the Pulumi SDK")
            self.fail(failure)
            raise failure

        return reject

    def _register(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        if urn in self.resources:
            raise ResourceError(request.type, request.name, f"registered twice: {urn}")
        if request.remote:
            raise UnsupportedError(f"{request.type} {request.name}: components in other languages are not supported")
        resource = _record(urn, request)
        if resource.custom and not self.preview:
            resource = self._create(resource, request.importId, secret=frozenset(request.additionalSecretOutputs))
        self.resources[urn] = resource
        if self._on_created is not None:
            self._on_created(resource)
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=resource.id,
            object=_merged(request.object, to_struct(resource.outputs)),
            # The program sees an output that the provider does not return as unknown. Otherwise it would be None, and
            # the program would fail far from here.
            unknown=resource.custom,
        )

    def _create(self, resource: Resource, import_id: str, secret: Container[str]) -> Resource:
        self._require_known(resource)
        start = time.perf_counter()
        if import_id:
            found = self._provider.read(resource.type, State(id=import_id)) or State(id=import_id)
        else:
            found = self._provider.create(resource.type, resource.name, revealed(dict(resource.inputs)))
        seconds = time.perf_counter() - start
        computed = {name: value for name, value in found.outputs.items() if name not in resource.inputs}
        outputs = {name: Secret(value) if name in secret else value for name, value in computed.items()}
        return dataclasses.replace(resource, id=found.id, outputs=outputs, seconds=seconds)

    def _require_known(self, resource: Resource) -> None:
        for name, value in resource.inputs.items():
            for path in unknown_paths(value, name):
                sources = [self.resources[urn] for urn in resource.property_dependencies.get(name, ())]
                described = " or ".join(f"{source.type} {source.name}" for source in sources) or "another resource"
                raise ResourceError(
                    resource.type,
                    resource.name,
                    f"{path} is an output of {described} that the local provider does not return",
                )

    def _urn(self, request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest) -> str:
        """Return a resource's URN (https://www.pulumi.com/docs/iac/concepts/resources/names/#urns)."""
        parent_type = request.parent.split("::")[2] if request.parent else STACK_TYPE
        type_ = request.type if parent_type == STACK_TYPE else f"{parent_type}${request.type}"
        return f"urn:pulumi:{self.stack}::{self.project}::{type_}::{request.name}"


class EngineLog:
    """The engine's service for log messages of the program (`pulumi.log.warn`)."""

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Pass a message to the standard library's logging."""
        _log.log(_LOG_LEVELS[request.severity], "%s", request.message)
        return empty_pb2.Empty()


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
    """Return a resource's state: its inputs, archives and secrets included, updated with the provider's outputs."""
    state = struct_pb2.Struct()
    for struct in (inputs, outputs):
        for name, value in struct.fields.items():
            state.fields[name].CopyFrom(value)
    return state
