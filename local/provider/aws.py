"""The local counterpart of the pulumi-aws provider: it calls AWS services that answer at a local endpoint.

Without an endpoint it works offline, as previews need it: it checks and compares inputs, and answers look-ups from the
settings.
"""

import contextlib
import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Self, TypeVar

import pulumi
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.engine.values import unknown_paths
from local.provider.connection import Connection
from local.provider.lookups import look_up
from local.provider.properties import Properties, UnsupportedInputError
from local.provider.provider_settings import ProviderSettings
from local.provider.resource_type import ResourceType
from local.provider.resources import RESOURCE_TYPES
from local.provider.resources.dns import find_records, find_zone
from local.provider.resources.iam import find_roles
from local.provider.resources.identity_providers import find_provider
from local.provider.state import Diff, Document, Failure, State
from local.provider.tags import is_taggable

_NOT_FOUND: Final = frozenset({
    "404", "DashboardNotFoundError", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchEntity", "NoSuchHostedZone",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration", "NotFound", "NotFoundException",
    "ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFound", "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError", "WAFNonexistentItemException",
})  # fmt: skip
_REGION: Final = "region"
_NEW_ACCOUNT: Final[Document] = {"cloudwatchRoleArn": ""}
"""The settings of an account as previews assume them: API Gateway has no role for logs yet."""
_OFFLINE_ENDPOINT: Final = "http://offline.invalid"
_FINDERS: Final[Mapping[str, Callable[[Connection, Document], Document]]] = {
    "getOpenIdConnectProvider": find_provider,
    "getRecords": find_records,
    "getRoles": find_roles,
    "getZone": find_zone,
}
"""The functions of pulumi-aws that look something up in AWS."""


_T = TypeVar("_T")


class UnsupportedTypeError(Exception):
    """The local provider does not support this type of resource."""

    def __init__(self) -> None:
        super().__init__(
            "this type is not supported locally; docs/local-stack.md lists the settings that need such types"
        )


class ServiceError(Exception):
    """An AWS service rejected a call."""


class NotFoundError(ServiceError):
    """There is no such resource."""


class OfflineError(Exception):
    """An operation needs an AWS endpoint."""

    def __init__(self) -> None:
        super().__init__("the provider has no AWS endpoint, so that it can only preview; set AWS_ENDPOINT_URL")


class Provider:
    """Manages a program's resources at one endpoint. It ignores the caller's AWS configuration.

    `region` may be None only without an endpoint; what depends on it is then unknown, and so is what depends on an
    account of None. With an endpoint, None stands for the emulator's default account.
    """

    def __init__(
        self, endpoint: str | None, *, region: str | None = DEFAULT_REGION, account: str | None = None
    ) -> None:
        self._online = endpoint is not None
        self.settings = ProviderSettings(region=region)
        self._account = account
        self.connection = Connection(
            (endpoint or _OFFLINE_ENDPOINT).rstrip("/"), region or DEFAULT_REGION, account or DEFAULT_ACCOUNT
        )

    def configured(self, settings: Document) -> Self:
        """Return the provider with the settings of a program's provider resource.

        Raises:
            ValueError: The account is not an allowed one, or the region is not that of the endpoint.
        """
        given = ProviderSettings.of(settings)
        if self._online:
            given.require(account=self.connection.account, region=self.connection.region)
        provider = copy.copy(self)
        provider.settings = replace(given, region=given.region or self.settings.region)
        return provider

    def with_defaults(self, type_: str, inputs: Document) -> Document:
        """Return the inputs with the default tags, which the real provider adds too before it compares inputs."""
        defaults = self.settings.default_tags
        if not defaults or not is_taggable(type_):
            return inputs
        return {**inputs, "tags": {**defaults, **inputs.get("tags", {})}}

    def check(self, type_: str, inputs: Document) -> list[Failure]:
        """Return the inputs that are not supported. Values that are not known yet are not checked."""
        if type_ not in RESOURCE_TYPES:
            return [Failure(property="", reason=str(UnsupportedTypeError()))]
        try:
            given = self._own(inputs)
            properties = Properties({name: value for name, value in given.items() if _is_resolved(value)})
            paths = RESOURCE_TYPES[type_].unsupported(self.connection, properties)
        except (UnsupportedInputError, ValueError, NotImplementedError) as error:
            return [Failure(property="", reason=str(error))]
        return [Failure(property=path, reason="not supported locally") for path in paths]

    def diff(self, type_: str, state: State, inputs: Document) -> Diff:
        """Compare new inputs with a resource's state.

        Raises:
            UnsupportedTypeError: The type is not supported.
        """
        kind = _type_of(type_)
        names = dict.fromkeys((*state.inputs, *inputs))
        changed = tuple(name for name in names if name != _REGION and kind.differs_in(name, state, inputs))
        replaces = tuple(name for name in changed if name in kind.replaces)
        keeps_name = kind.name_property in inputs and kind.name_property not in changed
        return Diff(changed=changed, replaces=replaces, delete_before_replace=bool(replaces) and keeps_name)

    def create(self, type_: str, name: str, inputs: Document) -> State:
        """Create a resource and return its state, with the outputs that the real provider returns.

        Raises:
            UnsupportedTypeError: The type is not supported.
            UnsupportedInputError: An input is not supported.
            ServiceError: The service rejected the call.
            PartialFailure: The resource exists, but its configuration is incomplete.
        """
        kind, connection = _type_of(type_), self._require_connection()
        return _reporting(lambda: kind.create(connection, name, self._own(inputs)))

    def read(self, type_: str, state: State) -> State | None:
        """Return the present state of a resource, or None if it does not exist.

        The old value of an input is kept if the service's means the same. Inputs that the state does not have are
        ignored, unless only the id is known, as for an import.

        Raises:
            UnsupportedTypeError: The type is not supported.
            ServiceError: The service rejected the call.
        """
        if not self._online:  # in a preview, a program treats outputs that are missing as unknown
            return State(id=state.id, outputs=_NEW_ACCOUNT if type_.endswith(":Account") else {})
        kind = _type_of(type_)
        connection = self._require_connection()
        try:
            live = _reporting(lambda: kind.read(connection, state))
        except NotFoundError:
            return None
        if live is None:
            return None
        is_known = state.inputs or state.outputs
        inputs = _merged(kind, state.inputs if is_known else dict.fromkeys(live.inputs), live.inputs)
        return State(id=state.id, inputs=inputs, outputs={**state.outputs, **inputs, **live.outputs})

    def update(self, type_: str, state: State, inputs: Document) -> State:
        """Change a resource in place, and return its new state.

        Raises:
            UnsupportedTypeError: The type is not supported.
            NotImplementedError: An input cannot be changed.
            ServiceError: The service rejected the first call; nothing has been changed.
            PartialFailure: Only some of the inputs have been changed.
        """
        kind, connection = _type_of(type_), self._require_connection()
        changed = self.diff(type_, state, inputs).changed
        return _reporting(lambda: kind.update(connection, state, self._own(inputs), changed))

    def delete(self, type_: str, state: State) -> None:
        """Delete a resource. One that no longer exists is ignored.

        Raises:
            UnsupportedTypeError: The type is not supported.
            ServiceError: The service rejected the call.
        """
        kind, connection = _type_of(type_), self._require_connection()
        with contextlib.suppress(NotFoundError):
            _reporting(lambda: kind.delete(connection, state))

    def invoke(self, token: str, args: Document) -> Document | None:
        """Return the result of a provider function, or None if it is unknown without an endpoint.

        Raises:
            NotImplementedError: The function is not supported.
        """
        if not self._online:
            return look_up(token, args, region=self.settings.region, account=self._account)
        if find := _FINDERS.get(token.rpartition(":")[2]):
            return find(self.connection, args)
        return look_up(token, args, region=self.connection.region, account=self.connection.account)

    def _require_connection(self) -> Connection:
        if not self._online:
            raise OfflineError
        return self.connection

    def _own(self, inputs: Document) -> Document:
        """Return the inputs without `region`, which every resource of pulumi-aws has."""
        region = inputs.get(_REGION, self.connection.region)
        if region != self.connection.region:
            raise ValueError(
                f"region must be {self.connection.region}, the only region of the local stack, not {region}"
            )
        return {name: value for name, value in inputs.items() if name != _REGION}


def _type_of(type_: str) -> ResourceType:
    if type_ not in RESOURCE_TYPES:
        raise UnsupportedTypeError
    return RESOURCE_TYPES[type_]


def _merged(kind: ResourceType, inputs: Document, live: Document) -> Document:
    """Return the live values of inputs; an old value is kept if the live one means the same, or is not known."""
    found = State(id="", inputs=live)
    merged = {
        name: live[name] if name in live and kind.differs_in(name, found, {name: old}) else old
        for name, old in inputs.items()
    }
    return {name: value for name, value in merged.items() if value is not None}


def _is_resolved(value: object) -> bool:
    return not list(unknown_paths(value)) and not isinstance(value, pulumi.Archive)


def _reporting(call: Callable[[], _T]) -> _T:
    """Call AWS, and report a rejected call as a ServiceError."""
    try:
        return call()
    except ClientError as error:
        raise _service_error(error) from error


def _service_error(error: ClientError) -> ServiceError:
    details = error.response.get("Error", {})
    kind = NotFoundError if details.get("Code") in _NOT_FOUND else ServiceError
    return kind(f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}")
