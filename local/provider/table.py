"""The types of resources that can be made, by Pulumi's names for them."""

from typing import Any, Final, Protocol

from local.provider import dynamodb, functions, gateway
from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.rest_api import RestApi
from local.provider.spec import Call, Document, Spec, Step


class Maker(Protocol):
    """Makes resources of one type."""

    def make(self, connection: Connection, name: str, properties: Properties) -> tuple[str, dict[str, Any]]:
        """Make one; its id and outputs. Raises UnappliedError, before anything is made, if a property is left over."""
        ...


def _retention(given: Properties) -> Step:
    days = int(given.take("retentionInDays", 0))

    def apply(call: Call) -> Document:
        if days:  # 0 is for ever
            client, group = call.connection.client("logs"), call.parameters["logGroupName"]
            client.put_retention_policy(logGroupName=group, retentionInDays=days)
        return {}

    return apply


def _rotation(given: Properties) -> Step:
    enabled = given.take("enableKeyRotation")

    def apply(call: Call) -> Document:
        if enabled:
            call.connection.client("kms").enable_key_rotation(KeyId=call.at("KeyMetadata.KeyId"))
        return {}

    return apply


def _api_key_defaults(given: Properties) -> Document:
    return {"enabled": given.take("enabled", True)}  # the API's own default is a key that does not work


class _ExplicitProvider:
    """`aws.Provider(…)`: its region has been checked already, and there is no other provider than this one."""

    def make(self, connection: Connection, name: str, properties: Properties) -> tuple[str, Document]:  # noqa: ARG002
        """Make nothing; its id is its name."""
        properties.take_all(*(flag for flag in properties if flag.startswith("skip")))
        properties.require_all_taken()
        return name, {}


TABLE: Final[dict[str, Maker]] = {
    "pulumi:providers:aws": _ExplicitProvider(),
    "aws:iam/role:Role": Spec(
        service="iam",
        operation="CreateRole",
        renames={"RoleName": "name", "AssumeRolePolicyDocument": "assumeRolePolicy"},
        named="name",
        id="Role.RoleName",
        outputs={"arn": "Role.Arn", "uniqueId": "Role.RoleId"},
        passive=("forceDetachPolicies",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Spec(
        service="iam",
        operation="PutRolePolicy",
        renames={"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"},
        named="name",
        id="PolicyName",
        computed=lambda call: {"id": f"{call.parameters['RoleName']}:{call.parameters['PolicyName']}"},
    ),
    "aws:iam/policy:Policy": Spec(
        service="iam",
        operation="CreatePolicy",
        renames={"PolicyName": "name", "PolicyDocument": "policy"},
        named="name",
        id="Policy.Arn",
        outputs={"arn": "Policy.Arn", "policyId": "Policy.PolicyId"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Spec(
        service="iam",
        operation="AttachRolePolicy",
        renames={"RoleName": "role"},
        id="PolicyArn",
    ),
    "aws:dynamodb/table:Table": Spec(
        service="dynamodb",
        operation="CreateTable",
        renames={"TableName": "name"},
        named="name",
        before=dynamodb.table_parameters,
        after=dynamodb.table_settings,
        id="TableDescription.TableName",
        outputs={"arn": "TableDescription.TableArn"},
    ),
    "aws:lambda/function:Function": Spec(
        service="lambda",
        operation="CreateFunction",
        renames={"FunctionName": "name"},
        named="name",
        before=functions.function_parameters,
        after=functions.function_concurrency,
        computed=functions.function_outputs,
        id="FunctionName",
        passive=("sourceCodeHash", "skipDestroy"),
    ),
    "aws:lambda/permission:Permission": Spec(
        service="lambda",
        operation="AddPermission",
        renames={"FunctionName": "function"},
        named="statementId",
        id="StatementId",
    ),
    "aws:lambda/alias:Alias": Spec(
        service="lambda",
        operation="CreateAlias",
        named="name",
        computed=functions.alias_outputs,
        id="AliasArn",
    ),
    "aws:cloudwatch/logGroup:LogGroup": Spec(
        service="logs",
        operation="CreateLogGroup",
        renames={"logGroupName": "name"},
        named="name",
        after=_retention,
        computed=lambda call: {"arn": call.connection.arn("logs", f"log-group:{call.parameters['logGroupName']}")},
        id="logGroupName",
        passive=("skipDestroy",),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Spec(
        service="cloudwatch",
        operation="PutMetricAlarm",
        renames={"AlarmName": "name"},
        named="name",
        computed=lambda call: {"arn": call.connection.arn("cloudwatch", f"alarm:{call.parameters['AlarmName']}")},
        id="AlarmName",
    ),
    "aws:cloudwatch/dashboard:Dashboard": Spec(
        service="cloudwatch",
        operation="PutDashboard",
        id="DashboardName",
    ),
    "aws:sns/topic:Topic": Spec(
        service="sns",
        operation="CreateTopic",
        named="name",
        id="TopicArn",
        outputs={"arn": "TopicArn"},
    ),
    "aws:apigateway/restApi:RestApi": RestApi(),
    "aws:apigateway/deployment:Deployment": Spec(
        service="apigateway",
        operation="CreateDeployment",
        renames={"restApiId": "restApi"},
        id="id",
        passive=("triggers",),
    ),
    "aws:apigateway/stage:Stage": Spec(
        service="apigateway",
        operation="CreateStage",
        renames={"restApiId": "restApi", "deploymentId": "deployment", "tracingEnabled": "xrayTracingEnabled"},
        after=gateway.stage_settings,
        computed=gateway.stage_outputs,
        id="stageName",
    ),
    "aws:apigateway/methodSettings:MethodSettings": Spec(
        service="apigateway",
        operation="UpdateStage",
        renames={"restApiId": "restApi"},
        before=gateway.method_setting_patches,
        id="stageName",
    ),
    "aws:apigateway/account:Account": Spec(
        service="apigateway",
        operation="UpdateAccount",
        before=gateway.account_patches,
        computed=lambda _: {"id": "api-gateway-account"},
        id="cloudwatchRoleArn",
        passive=("resetOnDelete",),
    ),
    "aws:apigateway/apiKey:ApiKey": Spec(
        service="apigateway",
        operation="CreateApiKey",
        named="name",
        before=_api_key_defaults,
        id="id",
        outputs={"value": "value"},
    ),
    "aws:apigateway/usagePlan:UsagePlan": Spec(
        service="apigateway",
        operation="CreateUsagePlan",
        renames={"throttle": "throttleSettings", "quota": "quotaSettings"},
        named="name",
        before=gateway.usage_plan_parameters,
        id="id",
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Spec(
        service="apigateway",
        operation="CreateUsagePlanKey",
        id="id",
        outputs={"name": "name", "value": "value"},
    ),
    "aws:ssm/parameter:Parameter": Spec(
        service="ssm",
        operation="PutParameter",
        named="name",
        computed=lambda call: {"arn": call.connection.arn("ssm", f"parameter/{call.parameters['Name'].lstrip('/')}")},
        id="Name",
        outputs={"version": "Version"},
    ),
    "aws:kms/key:Key": Spec(
        service="kms",
        operation="CreateKey",
        after=_rotation,
        id="KeyMetadata.KeyId",
        outputs={"arn": "KeyMetadata.Arn", "keyId": "KeyMetadata.KeyId"},
        passive=("deletionWindowInDays",),
    ),
    "aws:kms/alias:Alias": Spec(
        service="kms",
        operation="CreateAlias",
        renames={"AliasName": "name"},
        id="AliasName",
        computed=lambda call: {"arn": call.connection.arn("kms", call.parameters["AliasName"])},
    ),
}
