"""AWS WAF: web ACLs, their associations and their logs. The emulator keeps them, and filters and logs no requests."""

from typing import Any, Final, cast

from local.provider.connection import Connection
from local.provider.live import Live, chosen, in_camel_case, tags_of
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_ACL: Final = ("defaultAction", "rules", "visibilityConfig", "dataProtectionConfig", "description")
_LOG: Final = ("resourceArn", "logDestinationConfigs", "redactedFields", "loggingFilter")
_METRICS: Final = ("cloudWatchMetricsEnabled", "cloudwatchMetricsEnabled")
"""A name in camelCase, and as pulumi-aws spells it."""


def _acl_of(state: State) -> dict[str, str]:
    return {"Id": state.id, "Name": state.outputs["name"], "Scope": state.outputs["scope"]}


def _describe(connection: Connection, state: State) -> dict[str, Any]:
    """Return a web ACL, and the token that the next change of it needs."""
    return connection.client("wafv2").get_web_acl(**_acl_of(state))


def _update_acl(connection: Connection, state: State, given: Properties) -> None:
    given.pop_many("name", "scope", "tags")
    changes = parameters(connection.input_shape("wafv2", "UpdateWebACL"), given)
    token = _describe(connection, state)["LockToken"]
    connection.client("wafv2").update_web_acl(**_acl_of(state), **changes, LockToken=token)


def _read_acl(connection: Connection, state: State) -> Live:
    found = _describe(connection, state)["WebACL"]
    described = _renamed(in_camel_case(found))
    listed = connection.client("wafv2").list_tags_for_resource(ResourceARN=found["ARN"])["TagInfoForResource"]
    inputs = chosen(described, "name", *_ACL) | {"scope": state.outputs["scope"]}
    return Live(inputs=inputs | {"tags": tags_of(listed["TagList"])}, outputs={"arn": found["ARN"]})


def _renamed(value: Any) -> Any:
    """Return a description with the one name that pulumi-aws spells in another way."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value).items()
            return {_METRICS[1] if name == _METRICS[0] else name: _renamed(item) for name, item in members}
        case list():
            return [_renamed(item) for item in cast("list[Any]", value)]
        case _:
            return value


def _delete_acl(connection: Connection, state: State) -> None:
    token = _describe(connection, state)["LockToken"]
    connection.client("wafv2").delete_web_acl(**_acl_of(state), LockToken=token)


def _association_outputs(call: Call) -> Document:
    return {"id": f"{call.parameters['WebACLArn']},{call.parameters['ResourceArn']}"}


def _read_association(connection: Connection, state: State) -> Live:
    resource = state.outputs["resourceArn"]
    found = connection.client("wafv2").get_web_acl_for_resource(ResourceArn=resource)
    return Live(inputs={"resourceArn": resource, "webAclArn": found["WebACL"]["ARN"]})


def _nest_log(given: Properties) -> Document:
    """Move all inputs of a log into the operation's only parameter."""
    given.set("loggingConfiguration", given.pop_many(*_LOG))
    return {}


def _read_log(connection: Connection, state: State) -> Live:
    found = connection.client("wafv2").get_logging_configuration(ResourceArn=state.id)["LoggingConfiguration"]
    return Live(inputs=chosen(found, *_LOG))


TYPES: Final = {
    "aws:wafv2/webAcl:WebAcl": ResourceType(
        service="wafv2",
        operation="CreateWebACL",
        name_property="name",
        id="Summary.Id",
        outputs={"arn": "Summary.ARN"},
        replaces=("name", "scope"),
        updates=(Update(inputs=_ACL, apply=_update_acl), tags("wafv2")),
        read=_read_acl,
        delete=_delete_acl,
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": ResourceType(
        service="wafv2",
        operation="AssociateWebACL",
        computed=_association_outputs,
        id="ResourceArn",
        replaces=("resourceArn", "webAclArn"),
        read=_read_association,
        delete=lambda connection, state: connection.client("wafv2").disassociate_web_acl(
            ResourceArn=state.outputs["resourceArn"]
        ),
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": ResourceType(
        service="wafv2",
        operation="PutLoggingConfiguration",
        convert=_nest_log,
        id="LoggingConfiguration.ResourceArn",
        replaces=("resourceArn",),
        overwrites=True,
        sets=("redactedFields",),
        read=_read_log,
        delete=lambda connection, state: connection.client("wafv2").delete_logging_configuration(ResourceArn=state.id),
    ),
}
