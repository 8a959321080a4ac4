"""API Gateway: usage plans and API keys."""

from typing import Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.patches import Patch, removing, replacing
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_KEY: Final = {"name": "name", "description": "description", "enabled": "enabled"}
_PLAN: Final = {"name": "name", "description": "description"}
_THROTTLE: Final = {"rateLimit": "rateLimit", "burstLimit": "burstLimit"}
_QUOTA: Final = {"limit": "limit", "offset": "offset", "period": "period"}
_OBJECTS: Final = {"throttleSettings": "throttle", "quotaSettings": "quota"}


def _enable_by_default(given: Properties) -> Document:
    return {"enabled": given.pop("enabled", True)}  # a key is disabled by default in the API, and enabled in Pulumi


def _read_key(connection: Connection, state: State) -> Live:
    found = connection.client("apigateway").get_api_key(apiKey=state.id, includeValue=True)
    given = ("value",) if "value" in state.inputs else ()  # otherwise API Gateway has generated it
    return Live(inputs=chosen(found, *_KEY, *given, "tags"), outputs={"value": found["value"]})


def _update_key(connection: Connection, state: State, given: Properties) -> None:
    operations = [*removing(_KEY, state.inputs, given), *replacing(given, _KEY)]
    connection.client("apigateway").update_api_key(apiKey=state.id, patchOperations=operations)


def _read_plan(connection: Connection, state: State) -> Live:
    found = connection.client("apigateway").get_usage_plan(usagePlanId=state.id)
    inputs = chosen(found, *_PLAN, "tags")
    inputs["apiStages"] = [chosen(each, "apiId", "stage") for each in found.get("apiStages", ())]
    return Live(inputs=inputs | {name: found.get(member) for name, member in _OBJECTS.items()})


def _update_plan(connection: Connection, state: State, given: Properties) -> None:
    operations = [
        *removing(_PLAN | _OBJECTS, state.inputs, given),
        *_stage_patches(state.inputs, given),
        *replacing(given.pop_object("throttleSettings"), _THROTTLE, "/throttle"),
        *replacing(given.pop_object("quotaSettings"), _QUOTA, "/quota"),
        *replacing(given, _PLAN),
    ]
    connection.client("apigateway").update_usage_plan(usagePlanId=state.id, patchOperations=operations)


def _stage_patches(old: Document, given: Properties) -> list[Patch]:
    """Return operations on a plan's stages, which they name as `<API id>:<stage>`."""
    before = [f"{each['apiId']}:{each['stage']}" for each in old.get("apiStages", ())]
    after = [f"{each.pop('apiId')}:{each.pop('stage')}" for each in given.pop_objects("apiStages")]
    return [
        *({"op": "add", "path": "/apiStages", "value": name} for name in after if name not in before),
        *({"op": "remove", "path": "/apiStages", "value": name} for name in before if name not in after),
    ]


def _delete_plan(connection: Connection, state: State) -> None:
    """Remove a plan from its stages, without which API Gateway does not delete it, and delete it."""
    client = connection.client("apigateway")
    if operations := _stage_patches(state.outputs, Properties({})):
        client.update_usage_plan(usagePlanId=state.id, patchOperations=operations)
    client.delete_usage_plan(usagePlanId=state.id)


def _plan_key(state: State) -> dict[str, str]:
    return {"usagePlanId": state.outputs["usagePlanId"], "keyId": state.outputs["keyId"]}


def _read_plan_key(connection: Connection, state: State) -> Live:
    found = connection.client("apigateway").get_usage_plan_key(**_plan_key(state))
    return Live(inputs={**_plan_key(state), "keyType": found["type"]})


def _outputs(collection: str, call: Call) -> Document:
    return {"arn": call.connection.arn("apigateway", f"/{collection}/{call.response['id']}", account=False)}


TYPES: Final = {
    "aws:apigateway/apiKey:ApiKey": ResourceType(
        service="apigateway",
        operation="CreateApiKey",
        name_property="name",
        convert=_enable_by_default,
        computed=lambda call: _outputs("apikeys", call),
        id="id",
        outputs={"value": "value"},
        replaces=("value",),
        updates=(Update(inputs=tuple(_KEY), apply=_update_key), tags("apigateway")),
        read=_read_key,
        delete=lambda connection, state: connection.client("apigateway").delete_api_key(apiKey=state.id),
    ),
    "aws:apigateway/usagePlan:UsagePlan": ResourceType(
        service="apigateway",
        operation="CreateUsagePlan",
        renames={"throttle": "throttleSettings", "quota": "quotaSettings"},
        name_property="name",
        computed=lambda call: _outputs("usageplans", call),
        id="id",
        sets=("apiStages",),
        updates=(Update(inputs=(*_PLAN, *_OBJECTS, "apiStages"), apply=_update_plan), tags("apigateway")),
        read=_read_plan,
        delete=_delete_plan,
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": ResourceType(
        service="apigateway",
        operation="CreateUsagePlanKey",
        id="id",
        outputs={"name": "name", "value": "value"},
        replaces=("usagePlanId", "keyId", "keyType"),
        read=_read_plan_key,
        delete=lambda connection, state: connection.client("apigateway").delete_usage_plan_key(**_plan_key(state)),
    ),
}
