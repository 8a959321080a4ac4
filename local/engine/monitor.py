"""The resource monitor: the object that the Pulumi SDK calls to register resources and to look up values.

The SDK normally reaches its engine over gRPC. Here a Python object answers the same calls directly
(https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto). This uses internals of the SDK, so its
version is pinned exactly.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, cast

from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, engine_pb2, resource_pb2

from local.engine.deployment import (
    PROVIDER_TYPE_PREFIX,
    STACK_TYPE,
    DeploymentError,
    Resource,
    ResourceError,
    UnsupportedError,
)
from local.engine.engine import Engine
from local.engine.providers import DefaultProviders, Providers
from local.engine.urns import make_urn
from local.engine.values import from_struct, revealed, to_struct

_Request = resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest

# Without the feature "resource references", the SDK sends a resource among the inputs as its id.
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
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

    It keeps the first failure and changes nothing after it: every later registration is answered with "failed". The SDK
    then gives the rest of the program unknown values, so that no further errors follow from the first.
    """

    def __init__(
        self, engine: Engine, providers: Providers, default_providers: DefaultProviders, *, project: str, stack: str
    ) -> None:
        self.resources: dict[str, Resource] = {}
        self.exports: Mapping[str, Any] = {}
        self.failure: DeploymentError | None = None
        self.interrupted = False
        self._engine = engine
        self._providers = providers
        self._default_providers = default_providers
        self._project = project
        self._stack = stack

    def fail(self, failure: DeploymentError, cause: BaseException | None = None) -> None:
        """Record a failure of the run, unless there is an earlier one."""
        if self.failure is None:
            failure.__cause__ = cause
            self.failure = failure

    def interrupt(self) -> None:
        """Record that the run is interrupted; it changes nothing from here on."""
        self.interrupted = True
        self.fail(DeploymentError("interrupted"))

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
        """Create, update or replace a resource, or leave it as it is."""
        urn = self._urn(request)
        if self.failure is None:
            try:
                return self._register(urn, request)
            except DeploymentError as failure:
                self.fail(failure, failure.__cause__)
            except Exception as error:  # noqa: BLE001 - a provider may raise any exception
                self.fail(ResourceError(request.type, request.name, str(error) or type(error).__name__), error)
        return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.FAIL)

    def RegisterResourceOutputs(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        if self.failure is None:
            resource = self._engine.register_outputs(request.urn, from_struct(request.outputs))
            self.resources[request.urn] = resource
            if resource.type == STACK_TYPE:
                self.exports = resource.outputs
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of the provider."""
        result = None
        if self.failure is None:
            try:
                result = self._providers.find(request.provider).invoke(request.tok, revealed(from_struct(request.args)))
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
                found = self._engine.read(self._existing(urn, request))
                return resource_pb2.ReadResourceResponse(urn=urn, properties=to_struct(found.outputs))
            except DeploymentError as failure:
                self.fail(failure, failure.__cause__)
            except Exception as error:  # noqa: BLE001 - a callback may raise any exception
                self.fail(ResourceError(request.type, request.name, str(error) or type(error).__name__), error)
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
        if request.remote:
            raise UnsupportedError(f"{request.type} {request.name}: components in other languages are not supported")
        aliases: Sequence[alias_pb2.Alias] = cast("Any", request).aliases  # the generated types are incomplete
        resource = self._engine.register(self._goal(urn, request), aliases)
        self.resources[urn] = resource
        return resource_pb2.RegisterResourceResponse(
            urn=urn,
            id=resource.id,
            object=to_struct({**resource.inputs, **resource.outputs}),
            # The program sees an output that the provider does not return as unknown. Otherwise it would be None, and
            # the program would fail far from here.
            unknown=resource.custom,
        )

    def _goal(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Resource:
        """Return a resource as the program wants it."""
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
            inputs=_inputs(request),
            provider=self._provider_of(request) if request.custom else "",
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            import_id=request.importId,
        )

    def _existing(self, urn: str, request: resource_pb2.ReadResourceRequest) -> Resource:
        """Return a resource that the program only reads."""
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            id=request.id,
            parent=request.parent,
            custom=True,
            dependencies=tuple(sorted(request.dependencies)),
            inputs=from_struct(request.properties),
            provider=self._provider_of(request),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            external=True,
        )

    def _provider_of(self, request: _Request) -> str:
        """Return the reference to a resource's provider; a provider resource has none."""
        if request.type.startswith(PROVIDER_TYPE_PREFIX):
            return ""
        return request.provider or self._default_providers.reference(request.type, request.version)

    def _urn(self, request: _Request) -> str:
        return make_urn(
            stack=self._stack, project=self._project, parent=request.parent, type_=request.type, name=request.name
        )


def _inputs(request: resource_pb2.RegisterResourceRequest) -> dict[str, object]:
    """Return a resource's inputs; those of a provider have what Pulumi's engine adds."""
    inputs = from_struct(request.object)
    is_provider = request.type.startswith(PROVIDER_TYPE_PREFIX)
    return {**inputs, "__internal": {}, "version": request.version} if is_provider and request.version else inputs


class EngineLog:
    """The engine's service for log messages of the program (`pulumi.log.warn`)."""

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 - the protocol's name
        """Pass a message to the standard library's logging."""
        _log.log(_LOG_LEVELS[request.severity], "%s", request.message)
        return empty_pb2.Empty()
