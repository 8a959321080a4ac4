"""The provider as a plugin of the Pulumi CLI: the executable `bin/pulumi-resource-aws` runs this module.

The CLI's engine calls it over gRPC (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto). The
provider calls the AWS services at AWS_ENDPOINT_URL; without this variable, it only answers previews, in which the
account is that of AWS_ACCOUNT_ID.

This implements the generated service. The SDK's own server (`pulumi.provider.experimental`) does not pass on a
resource's previous inputs, and cannot report a partial failure. Calls that are missing here are optional.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from importlib import metadata
from itertools import zip_longest
from typing import Any, Final, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from local.emulator.launch import DEFAULT_REGION
from local.engine.values import from_struct, to_struct
from local.provider.aws import Provider as AwsProvider
from local.provider.provider_settings import ACCOUNT_VARIABLE
from local.provider.state import Diff, Document, PartialFailure, Provider, State

_MISSING: Final = object()
_KINDS: Final = provider_pb2.PropertyDiff.Kind


def _reported(answer: Callable[[Any, Any], Any]) -> Any:
    """Report the message of an exception to the CLI, and with a partial failure the state that exists."""

    @wraps(answer)
    def call(plugin: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(plugin, request)
        except PartialFailure as failure:
            state = failure.state
            details = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure))
            properties, inputs = to_struct(state.outputs), to_struct(state.inputs)
            details.details.add().Pack(
                provider_pb2.ErrorResourceInitFailed(
                    id=state.id, properties=properties, inputs=inputs, reasons=[str(failure)]
                )
            )
            context.set_trailing_metadata((("grpc-status-details-bin", details.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(failure))
        except Exception as error:  # noqa: BLE001 - a provider may raise any exception
            # With this status, the CLI assumes that nothing has been changed.
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error) or type(error).__name__)

    return call


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's protocol for the provider that `configure` makes from settings such as `region`.

    Like the real provider, it does not ask for marked secrets: the CLI reveals them, and marks the outputs of the same
    names itself.
    """

    def __init__(self, configure: Callable[[Mapping[str, Any]], Provider]) -> None:
        self._configure = configure
        self._provider: Provider

    @_reported
    def GetPluginInfo(self, _: empty_pb2.Empty) -> plugin_pb2.PluginInfo:  # noqa: N802 - the protocol's name
        """Return the version of pulumi-aws that the program uses, which the CLI compares with the plugin's."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi-aws"))

    @_reported
    def Configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:  # noqa: N802
        """Make the provider."""
        self._provider = self._configure(from_struct(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @_reported
    def Check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:  # noqa: N802
        """Return the inputs with those that the provider adds, and those that are not supported."""
        inputs = self._provider.with_defaults(request.type, from_struct(request.news))
        found = self._provider.check(request.type, inputs)
        failures = [provider_pb2.CheckFailure(property=each.property, reason=each.reason) for each in found]
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    @_reported
    def Diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:  # noqa: N802
        """Compare new inputs with a resource's state."""
        state = State(id=request.id, inputs=from_struct(request.old_inputs), outputs=from_struct(request.olds))
        inputs = from_struct(request.news)
        diff = self._provider.diff(request.type, state, inputs)
        changes = provider_pb2.DiffResponse.DIFF_SOME if diff.changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=changes,
            diffs=diff.changed,
            replaces=diff.replaces,
            deleteBeforeReplace=diff.delete_before_replace,
            detailedDiff=dict(_detailed(diff, state.inputs, inputs)),
            hasDetailedDiff=True,
        )

    @_reported
    def Create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create a resource. In a preview, outputs that are not inputs are unknown."""
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        state = self._provider.create(request.type, request.name, from_struct(request.properties))
        return provider_pb2.CreateResponse(id=state.id, properties=to_struct(state.outputs))

    @_reported
    def Read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:  # noqa: N802
        """Return the present state of a resource; without an id, it does not exist."""
        given = State(id=request.id, inputs=from_struct(request.inputs), outputs=from_struct(request.properties))
        found = self._provider.read(request.type, given)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id, inputs=to_struct(found.inputs), properties=to_struct(found.outputs)
        )

    @_reported
    def Update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change a resource in place. In a preview, outputs that are not inputs stay the same."""
        state = State(id=request.id, inputs=from_struct(request.old_inputs), outputs=from_struct(request.olds))
        inputs = from_struct(request.news)
        if request.preview:
            computed = {name: value for name, value in state.outputs.items() if name not in state.inputs}
            return provider_pb2.UpdateResponse(properties=to_struct(computed | inputs))
        if inputs == state.inputs:
            # The CLI asks for an update without a change to complete what was created or updated only in part. It has
            # kept the inputs that were wanted, not those that took effect.
            state = self._provider.read(request.type, state) or state
        updated = self._provider.update(request.type, state, inputs)
        return provider_pb2.UpdateResponse(properties=to_struct(updated.outputs))

    @_reported
    def Delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:  # noqa: N802
        """Delete a resource."""
        inputs, outputs = from_struct(request.old_inputs), from_struct(request.properties)
        self._provider.delete(request.type, State(id=request.id, inputs=inputs, outputs=outputs))
        return empty_pb2.Empty()

    @_reported
    def Invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Call a function of the provider. The protocol has no unknown result."""
        result = self._provider.invoke(request.tok, from_struct(request.args))
        if result is None:
            raise LookupError(f"{request.tok}: unknown in a preview without an AWS account")
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))  # `return` is a keyword
        return response


def _detailed(diff: Diff, old: Document, new: Document) -> Iterator[tuple[str, provider_pb2.PropertyDiff]]:
    """Yield how each property differs, by its path."""
    for name in diff.changed:
        replaces = "_REPLACE" if name in diff.replaces else ""
        differences = list(_differences(name, old.get(name, _MISSING), new.get(name, _MISSING)))
        for path, kind in differences or [(name, "UPDATE")]:
            yield path, provider_pb2.PropertyDiff(kind=_KINDS.Value(f"{kind}{replaces}"), inputDiff=True)


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if old is _MISSING or new is _MISSING:
        yield path, "ADD" if old is _MISSING else "DELETE"
    elif isinstance(old, dict) and isinstance(new, dict):
        olds, news = cast("Document", old), cast("Document", new)
        for name in sorted({*olds, *news}):
            member = f"{path}.{name}" if name.isidentifier() else f'{path}["{name}"]'
            yield from _differences(member, olds.get(name, _MISSING), news.get(name, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        pairs = zip_longest(cast("list[Any]", old), cast("list[Any]", new), fillvalue=_MISSING)
        for index, (before, after) in enumerate(pairs):
            yield from _differences(f"{path}[{index}]", before, after)
    elif old != new:
        yield path, "UPDATE"


def listen(plugin: Plugin) -> tuple[grpc.Server, int]:
    """Start to answer calls on a free port of the loopback interface; return the server and the port."""
    # One call at a time, as in the in-process engine. The default limit of 4 MB could be too small for a document.
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.max_receive_message_length", -1)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Print the port for the CLI, and answer it until it closes standard input, which happens even if it is killed."""
    server, port = listen(Plugin(_aws))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # the signal with which the CLI stops a plugin
        sys.stdin.buffer.read()
    server.stop(grace=None)


def _aws(settings: Mapping[str, Any]) -> Provider:
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    region = settings.get("region", DEFAULT_REGION if endpoint else None)
    provider = AwsProvider(endpoint, region=region, account=os.environ.get(ACCOUNT_VARIABLE))
    return provider.configured(dict(settings))


if __name__ == "__main__":
    main()
