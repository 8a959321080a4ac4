"""Each resource type created, changed back and forth, read and deleted in an emulator."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from local.engine.assets import FileArchive
from local.provider.resources import RESOURCE_TYPES
from local.provider.state import PartialFailure, State
from tests.e2e.provider import cognito_cases, edge_cases

if TYPE_CHECKING:
    from pathlib import Path

    from local.provider import Provider

TABLE = "aws:dynamodb/table:Table"
ROLE = "aws:iam/role:Role"
FUNCTION = "aws:lambda/function:Function"
API = "aws:apigateway/restApi:RestApi"
LAYER = "aws:lambda/layerVersion:LayerVersion"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE = "aws:apigateway/stage:Stage"
HTTP_API = "aws:apigatewayv2/api:Api"
HTTP_DEPLOYMENT = "aws:apigatewayv2/deployment:Deployment"
HTTP_STAGE = "aws:apigatewayv2/stage:Stage"

KEY = "aws:kms/key:Key"

SETTINGS = (
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:apigateway/account:Account",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
)
"""Types that are settings of something else, which always exist."""

Inputs = dict[str, Any]


def document(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def bucket_policy(bucket: str, action: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive(folder: Path, name: str, source: str) -> FileArchive:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("main.py", source)
    (folder / name).write_bytes(content.getvalue())
    return FileArchive(str(folder / name))


def body(*paths: str) -> str:
    integration = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    method = {"responses": {}, "x-amazon-apigateway-integration": integration}
    return json.dumps({
        "openapi": "3.0.1",
        "info": {"title": "api", "description": " and ".join(paths)},
        "components": {"schemas": {f"Model{len(paths)}": {"type": "string"}}},
        "x-amazon-apigateway-gateway-responses": {"UNAUTHORIZED": {"statusCode": 401}} if len(paths) > 1 else {},
        "paths": {path: {"get": method} for path in paths},
    })  # fmt: skip


def http_body(*paths: str) -> str:
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": "arn", "payloadFormatVersion": "2.0"}
    operation = {"security": [{"all": []}], "responses": {}, "x-amazon-apigateway-integration": integration}
    authorizer = {"type": "request", "identitySource": "$request.header.Authorization", "authorizerUri": "arn"}
    scheme = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": authorizer}
    return json.dumps(
        {
            "openapi": "3.0.1",
            "info": {"title": "api"},
            "components": {"securitySchemes": {"all": scheme}},
            "paths": {path: {"get": operation} for path in paths},
        }
    )


@dataclass
class Prepared:
    """An emulator in which the resources exist that others refer to."""

    provider: Provider
    folder: Path
    role: str
    function: str
    api: str
    deployments: tuple[str, str]
    http_api: str
    http_deployments: tuple[str, str]
    stage: str
    key: str
    plan: str
    layer: str
    encryption_keys: tuple[str, str]
    topic: str
    backup_plan: str
    bucket: str
    pool: str
    edge: edge_cases.Edge

    @property
    def key_arn(self) -> str:
        return self.provider.connection.arn("kms", f"key/{self.encryption_keys[0]}")

    def client(self, service: str) -> Any:
        return self.provider.connection.client(service)


@pytest.fixture(scope="module")
def prepared(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("lifecycle")
    role = provider.create(ROLE, "used", {"name": "lifecycle", "assumeRolePolicy": trust("lambda")})
    code = archive(folder, "used.zip", "def handler(event, context): return 1")
    function = {"name": "lifecycle", "role": role.outputs["arn"], "handler": "main.handler", "runtime": "python3.13"}
    provider.create(FUNCTION, "used", {**function, "code": code})
    alias = {"name": "used", "functionName": "lifecycle", "functionVersion": "$LATEST"}
    provider.create("aws:lambda/alias:Alias", "used", alias)
    layer = provider.create(LAYER, "used", {"layerName": "lifecycle", "code": archive(folder, "used-layer.zip", "")}).id
    api = provider.create(API, "used", {"name": "lifecycle", "body": body("/a")}).id
    first, second = (provider.create(DEPLOYMENT, "used", {"restApi": api}).id for _ in range(2))
    stage = provider.create(STAGE, "used", {"restApi": api, "stageName": "used", "deployment": first})
    http_api = provider.create(HTTP_API, "used", {"name": "lifecycle", "protocolType": "HTTP"}).id
    one, two = (provider.create(HTTP_DEPLOYMENT, "used", {"apiId": http_api}).id for _ in range(2))
    key = provider.create("aws:apigateway/apiKey:ApiKey", "used", {"name": "lifecycle"}).id
    plan = provider.create("aws:apigateway/usagePlan:UsagePlan", "used", {"name": "lifecycle"}).id
    encryption_keys = (provider.create(KEY, "used", {}).id, provider.create(KEY, "used", {}).id)
    watched = {"evaluationPeriods": 1, "threshold": 1, "comparisonOperator": "GreaterThanThreshold"}
    metric = {"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "statistic": "Sum"}
    provider.create("aws:cloudwatch/metricAlarm:MetricAlarm", "used", {"name": "lifecycle", **watched, **metric})
    topic = provider.create("aws:sns/topic:Topic", "used", {"name": "lifecycle"}).id
    backup_plan = provider.create("aws:backup/plan:Plan", "used", {"name": "lifecycle", "rules": []}).id
    bucket = provider.create("aws:s3/bucket:Bucket", "used", {"bucket": "lifecycle"}).id
    edge = edge_cases.prepare(provider, api, http_api, stage.outputs["arn"])
    pool = provider.create(cognito_cases.POOL, "used", {"name": "lifecycle"}).id
    arn, deployments = str(role.outputs["arn"]), (first, second)
    return Prepared(
        provider, folder, arn, "lifecycle", api, deployments, http_api, (one, two), "used", key, plan, layer,
        encryption_keys, topic, backup_plan, bucket, pool, edge,
    )  # fmt: skip


def cases(at: Prepared) -> dict[str, list[Inputs]]:
    """Return the inputs of each type: as created, and after each of several changes in place."""
    table: Inputs = {
        "name": "cycle", "hashKey": "owner", "rangeKey": "id", "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": name, "type": "S"} for name in ("owner", "id")],
        "ttl": {"attributeName": "expires", "enabled": True}, "pointInTimeRecovery": {"enabled": False},
        "serverSideEncryption": {"enabled": False}, "deletionProtectionEnabled": False,
        "tags": {"stage": "dev", "team": "a"},
    }  # fmt: skip
    index = {
        "name": "by-kind", "projectionType": "ALL",
        "keySchemas": [{"attributeName": "kind", "keyType": "HASH"}, {"attributeName": "id", "keyType": "RANGE"}],
    }  # fmt: skip
    indexed = {
        "attributes": [{"name": name, "type": "S"} for name in ("kind", "owner", "id")],
        "globalSecondaryIndexes": [index],
    }
    units = {"readCapacity": 3, "writeCapacity": 4}
    provisioned = {"billingMode": "PROVISIONED", **units}
    function: Inputs = {
        "name": "cycle", "role": at.role, "handler": "main.handler", "runtime": "python3.13", "memorySize": 128,
        "timeout": 3, "architectures": ["x86_64"], "description": "first", "environment": {"variables": {"A": "1"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/cycle", "applicationLogLevel": "INFO",
                          "systemLogLevel": "WARN"},
        "code": archive(at.folder, "one.zip", "def handler(event, context): return 1"), "tags": {"stage": "dev"},
    }  # fmt: skip
    plain = {name: value for name, value in function.items() if name not in ("description", "environment", "tags")}
    api: Inputs = {
        "name": "cycle", "body": body("/a/{id}", "/b"), "apiKeySource": "HEADER", "failOnWarnings": True,
        "endpointConfiguration": {"types": "REGIONAL"}, "tags": {"stage": "dev"},
    }  # fmt: skip
    stage: Inputs = {
        "restApi": at.api, "stageName": "cycle", "deployment": at.deployments[0],
        "variables": {"stack": "dev", "x": "1"}, "tags": {"stage": "dev"},
        "accessLogSettings": {"destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:x", "format": "{}"},
    }  # fmt: skip
    cors = {"allowOrigins": ["https://a"], "allowMethods": ["GET"], "allowHeaders": ["authorization"], "maxAge": 9}
    http_api: Inputs = {
        "name": "cycle", "protocolType": "HTTP", "body": http_body("/a/{id}", "/b"), "failOnWarnings": True,
        "corsConfiguration": cors, "tags": {"stage": "dev"},
    }  # fmt: skip
    throttling = {"throttlingRateLimit": 5.5, "throttlingBurstLimit": 9}
    http_stage: Inputs = {
        "apiId": at.http_api, "name": "cycle", "deploymentId": at.http_deployments[0],
        "stageVariables": {"stack": "dev", "x": "1"}, "tags": {"stage": "dev"},
        "accessLogSettings": {"destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:x", "format": "{}"},
        "defaultRouteSettings": throttling | {"detailedMetricsEnabled": True},
        "routeSettings": [{"routeKey": "GET /a", **throttling}],
    }  # fmt: skip
    settings = {"metricsEnabled": True, "loggingLevel": "ERROR", "dataTraceEnabled": False,
                "throttlingBurstLimit": 20, "throttlingRateLimit": 10}  # fmt: skip
    methods: Inputs = {"restApi": at.api, "stageName": at.stage, "methodPath": "*/*", "settings": settings}
    plan: Inputs = {
        "name": "cycle", "apiStages": [{"apiId": at.api, "stage": at.stage}],
        "throttleSettings": {"rateLimit": 5, "burstLimit": 9}, "tags": {"stage": "dev"},
    }  # fmt: skip
    key: Inputs = {"name": "cycle", "value": "v" * 20, "description": "first", "tags": {"stage": "dev"}}
    role: Inputs = {"name": "cycle", "assumeRolePolicy": trust("lambda"), "tags": {"stage": "dev", "team": "a"}}
    group: Inputs = {"name": "/cycle", "retentionInDays": 7, "tags": {"stage": "dev"}}
    alarm: Inputs = {
        "name": "cycle", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 1,
        "metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "statistic": "Sum",
        "dimensions": {"FunctionName": "x"}, "tags": {"stage": "dev"},
    }  # fmt: skip
    metric = ("metricName", "namespace", "period", "statistic", "dimensions")
    query = {"namespace": "AWS/Lambda", "metricName": "Errors", "period": 60, "stat": "Sum"}
    expression = [
        {"id": "a", "metric": query | {"dimensions": {"FunctionName": "x"}}},
        {"id": "b", "metric": query},
        {"id": "c", "expression": "SUM(METRICS())", "label": "sum", "returnData": True},
    ]
    query: Inputs = {"name": "cycle/first", "queryString": "limit 1", "logGroupNames": ["/a"]}
    composite: Inputs = {
        "alarmName": "cycle", "alarmRule": 'ALARM("lifecycle") OR ALARM("lifecycle")', "alarmDescription": "first",
        "alarmActions": [at.topic], "tags": {"stage": "dev"},
    }  # fmt: skip
    topic: Inputs = {"name": "cycle", "kmsMasterKeyId": "alias/one", "tags": {"stage": "dev"}}
    policy: Inputs = {"role": "lifecycle", "name": "own", "policy": document("s3:ListBucket")}
    managed: Inputs = {
        "name": "cycle", "policy": document("s3:ListBucket"), "description": "first", "tags": {"stage": "dev"},
    }  # fmt: skip
    encryption_key: Inputs = {
        "description": "first", "policy": document("kms:*"), "enableKeyRotation": True, "deletionWindowInDays": 30,
        "tags": {"stage": "dev"},
    }  # fmt: skip
    lifecycle = {"deleteAfter": 120, "coldStorageAfter": 30}
    rule: Inputs = {
        "ruleName": "tables", "targetVaultName": "cycle", "schedule": "cron(0 3 * * ? *)", "lifecycle": lifecycle,
        "copyActions": [{"destinationVaultArn": "arn:vault", "lifecycle": lifecycle}],
    }  # fmt: skip
    backup_plan: Inputs = {"name": "cycle", "rules": [rule], "tags": {"stage": "dev"}}
    permission: Inputs = {
        "statementId": "cycle", "action": "lambda:InvokeFunction", "function": at.function,
        "principal": "apigateway.amazonaws.com", "sourceArn": "arn:aws:execute-api:us-east-1:000000000000:x/*/GET/a",
    }  # fmt: skip
    bucket = {"bucket": at.bucket}
    encrypted = {
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn"},
                   "bucketKeyEnabled": True}],
    }  # fmt: skip
    expiring = {
        "rules": [{"id": "old", "status": "Enabled", "filter": {"prefix": ""},
                   "noncurrentVersionExpiration": {"noncurrentDays": 9}}],
    }  # fmt: skip
    public: Inputs = dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
    )
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    tls = {"securityPolicy": "SecurityPolicy_TLS13_1_2_2021_06", "endpointAccessMode": "BASIC"}
    return edge_cases.cases(at.edge) | cognito_cases.cases(at.pool) | {
        "aws:s3/bucket:Bucket": [{"bucket": "cycle", "tags": {"a": "b"}}, {"bucket": "cycle", "tags": {"c": "d"}}],
        "aws:s3/bucketVersioning:BucketVersioning": [bucket | {"versioningConfiguration": {"status": "Enabled"}}],
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [bucket | encrypted],
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": [bucket | expiring],
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": [
            bucket | public, bucket | public | {"blockPublicAcls": False},
        ],
        "aws:s3/bucketPolicy:BucketPolicy": [
            bucket | {"policy": bucket_policy(at.bucket, "s3:GetObject")},
            bucket | {"policy": bucket_policy(at.bucket, "s3:PutObject")},
        ],
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider": [
            {"url": "https://id.example.com", "clientIdLists": ["x"], "tags": {"a": "b"}},
        ],
        TABLE: [
            table, table | indexed, table | {"ttl": {"attributeName": "", "enabled": False}},
            table | indexed | {"globalSecondaryIndexes": [index | {"name": "by-sort"}], "tags": {"team": "b"}},
            table | {"ttl": {"attributeName": "until", "enabled": True}, "deletionProtectionEnabled": True,
                     "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7}},
            table | {"serverSideEncryption": {"enabled": True, "kmsKeyArn": at.key_arn}},
            table | {"onDemandThroughput": {"maxReadRequestUnits": 9}},
            table | indexed | {"globalSecondaryIndexes": [index | {"onDemandThroughput": {"maxWriteRequestUnits": 3}}]},
            table | provisioned | indexed | {"globalSecondaryIndexes": [index | units]}, table | provisioned,
        ],
        FUNCTION: [
            function, function | {"memorySize": 256, "timeout": 9, "tags": {"stage": "prod", "team": "b"}}, plain,
            function | {"architectures": ["arm64"]},
            function | {"code": archive(at.folder, "two.zip", "def handler(event, context): return 2")},
            function | {"publish": True}, function | {"reservedConcurrentExecutions": 3},
            function | {"layers": [at.layer], "tracingConfig": {"mode": "Active"}},
            function | {"snapStart": {"applyOn": "PublishedVersions"}},
        ],
        API: [
            api, api | {"body": body("/b", "/c", "/c/d")}, api | {"apiKeySource": "AUTHORIZER", "tags": {}},
            api | {"name": "renamed", "body": body("/")}, api | tls | {"disableExecuteApiEndpoint": True},
        ],
        STAGE: [
            stage, stage | {"deployment": at.deployments[1], "variables": {"stack": "prod"}},
            {name: value for name, value in stage.items() if name != "accessLogSettings"},
            stage | {"tags": {"team": "b"}, "description": "second", "xrayTracingEnabled": True},
            stage | {"cacheClusterEnabled": True, "cacheClusterSize": "1.6"},
        ],
        DEPLOYMENT: [{"restApi": at.api, "description": "first"}, {"restApi": at.api, "description": "second"}],
        HTTP_API: [
            http_api, http_api | {"body": http_body("/b", "/c"), "tags": {}},
            {name: value for name, value in http_api.items() if name != "corsConfiguration"},
            http_api | {"name": "renamed", "corsConfiguration": cors | {"allowOrigins": ["*"]}},
            http_api | {"disableExecuteApiEndpoint": True},
        ],
        HTTP_STAGE: [
            http_stage, http_stage | {"deploymentId": at.http_deployments[1], "stageVariables": {"stack": "prod"}},
            http_stage | {"routeSettings": [], "tags": {"team": "b"}, "description": "second"},
            {name: value for name, value in http_stage.items()
             if name not in ("accessLogSettings", "stageVariables", "defaultRouteSettings")},
        ],
        HTTP_DEPLOYMENT: [{"apiId": at.http_api, "triggers": {"api": "1"}}],
        "aws:apigateway/methodSettings:MethodSettings": [
            methods, methods | {"settings": settings | {"throttlingRateLimit": 7, "metricsEnabled": False}},
            methods | {"settings": settings | {
                "cachingEnabled": True, "cacheTtlInSeconds": 9, "cacheDataEncrypted": True,
                "requireAuthorizationForCacheControl": True, "unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403",
            }},
        ],
        "aws:apigateway/account:Account": [{"cloudwatchRoleArn": at.role}, {"cloudwatchRoleArn": f"{at.role}2"}],
        "aws:apigateway/usagePlan:UsagePlan": [
            plan, plan | {"throttleSettings": {"rateLimit": 0.5, "burstLimit": 3}, "description": "second"},
            plan | {"quotaSettings": {"limit": 7, "period": "DAY"}, "tags": {"team": "b"}}, plan | {"apiStages": []},
        ],
        "aws:apigateway/apiKey:ApiKey": [key, key | {"description": "second", "enabled": False}, key | {"name": "two"}],
        "aws:apigateway/usagePlanKey:UsagePlanKey": [{"usagePlanId": at.plan, "keyId": at.key, "keyType": "API_KEY"}],
        ROLE: [
            role, role | {"assumeRolePolicy": trust("apigateway"), "description": "new", "tags": {"team": "b"}},
            role | {"permissionsBoundary": boundary},
        ],
        "aws:iam/rolePolicy:RolePolicy": [policy, policy | {"policy": document("s3:GetObject")}],
        "aws:iam/policy:Policy": [
            managed, *(managed | {"policy": document(f"s3:{each}")} for each in ("GetObject", "PutObject")),
            managed | {"tags": {"team": "b"}},
        ],
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": [
            {"role": "lifecycle", "policyArn": "arn:aws:iam::aws:policy/AWSLambdaExecute"},
        ],
        "aws:backup/vault:Vault": [
            {"name": "cycle", "kmsKeyArn": at.key_arn, "tags": {"stage": each}} for each in ("dev", "prod")
        ],
        "aws:backup/plan:Plan": [
            backup_plan, backup_plan | {"name": "other", "tags": {"team": "b"}},
            backup_plan | {"rules": [rule | {"schedule": "cron(0 5 * * ? *)", "lifecycle": {"deleteAfter": 7}}]},
        ],
        "aws:backup/selection:Selection": [
            {"planId": at.backup_plan, "name": "cycle", "iamRoleArn": at.role, "resources": ["arn:b", "arn:a"]},
        ],
        KEY: [
            encryption_key, encryption_key | {"enableKeyRotation": False, "deletionWindowInDays": 7},
            encryption_key | {"rotationPeriodInDays": 90}, encryption_key | {"tags": {"team": "b"}},
            encryption_key | {"description": "second", "policy": document("kms:Decrypt")},
        ],
        "aws:kms/alias:Alias": [
            {"name": "alias/cycle", "targetKeyId": each} for each in at.encryption_keys
        ],
        "aws:lambda/permission:Permission": [permission],
        "aws:lambda/alias:Alias": [
            {"name": "live", "functionName": at.function, "functionVersion": "$LATEST", "description": text}
            for text in ("first", "second")
        ],
        "aws:lambda/layerVersion:LayerVersion": [
            {"layerName": "cycle", "description": "first", "compatibleRuntimes": ["python3.13"],
             "compatibleArchitectures": ["arm64"],
             "code": archive(at.folder, "layer.zip", "x = 1")},
        ],
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": [
            {"functionName": at.function, "qualifier": "used", "provisionedConcurrentExecutions": number}
            for number in (1, 3)
        ],
        "aws:cloudwatch/logGroup:LogGroup": [group, group | {"retentionInDays": 30}, {"name": "/cycle"}],
        "aws:cloudwatch/queryDefinition:QueryDefinition": [
            query, query | {"name": "cycle/second"},
            query | {"queryString": "limit 2", "logGroupNames": ["/a", "/b"]},
        ],
        "aws:cloudwatch/dashboard:Dashboard": [
            {"dashboardName": "cycle", "dashboardBody": json.dumps({"widgets": widgets})}
            for widgets in ([], [{"type": "text", "properties": {"markdown": "# a"}}])
        ],
        "aws:cloudwatch/metricAlarm:MetricAlarm": [
            alarm, alarm | {"threshold": 2, "dimensions": {"Stage": "y"}}, alarm | {"tags": {"team": "b"}},
            {name: value for name, value in alarm.items() if name not in metric} | {"metricQueries": expression},
        ],
        "aws:cloudwatch/compositeAlarm:CompositeAlarm": [
            composite, composite | {"alarmRule": 'ALARM("lifecycle")', "okActions": ["arn:aws:sns:us-east-1:0:x"]},
            composite | {"alarmDescription": "second", "tags": {"team": "b"}},
        ],
        "aws:sns/topic:Topic": [
            topic, topic | {"tags": {}}, topic | {"kmsMasterKeyId": "alias/two"}, topic | {"displayName": "Alarms"},
        ],
        "aws:sns/topicPolicy:TopicPolicy": [
            {"arn": at.topic, "policy": document(f"sns:{each}")} for each in ("Publish", "Subscribe")
        ],
        "aws:sns/topicSubscription:TopicSubscription": [
            {"topic": at.topic, "protocol": "email", "endpoint": "a@example.com"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("type_", sorted(RESOURCE_TYPES))
def test_a_resource_is_created_changed_read_and_deleted(prepared: Prepared, type_: str) -> None:
    provider, (inputs, *changes) = prepared.provider, cases(prepared)[type_]
    state = provider.create(type_, "cycle", inputs)
    assert_unchanged(provider, type_, state, inputs)
    for other in changes:
        for wanted in (other, inputs):
            diff = provider.diff(type_, state, wanted)
            assert diff.changed
            assert not diff.replaces
            state = provider.update(type_, state, wanted)
            assert_unchanged(provider, type_, state, wanted)
    provider.delete(type_, state)
    if type_ not in SETTINGS:
        assert provider.read(type_, state) is None
    provider.delete(type_, state)


def assert_unchanged(provider: Provider, type_: str, state: State, inputs: Inputs) -> None:
    """Check that the service has exactly these inputs."""
    assert state.inputs == inputs
    assert inputs.items() <= state.outputs.items()
    live = provider.read(type_, State(id=state.id, inputs=inputs, outputs=state.outputs))
    assert live is not None
    assert live.inputs == inputs
    assert live.outputs == state.outputs
    assert provider.diff(type_, live, inputs).changed == ()


def test_every_input_of_a_type_is_changed_or_replaces(prepared: Prepared) -> None:
    for type_, (inputs, *changes) in cases(prepared).items():
        kind = RESOURCE_TYPES[type_]
        changeable = {name for update in kind.updates for name in update.inputs}
        named = {name for each in (inputs, *changes) for name in each}
        assert kind.overwrites or named <= {*changeable, *kind.replaces, *kind.ignored, "endpointConfiguration"}, type_


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("aws:apigateway/apiKey:ApiKey", {"name": "generated"}),
        (
            "aws:apigateway/methodSettings:MethodSettings",
            {"stageName": "used", "methodPath": "~1a~1{id}/GET", "settings": {"throttlingBurstLimit": 3}},
        ),
    ],
)
def test_a_generated_key_and_the_settings_of_one_method_are_read_as_they_were_created(
    prepared: Prepared, type_: str, inputs: Inputs
) -> None:
    if "methodPath" in inputs:
        inputs = inputs | {"restApi": prepared.api}
    state = prepared.provider.create(type_, "cycle", inputs)
    assert_unchanged(prepared.provider, type_, state, inputs)
    assert "apiKey" not in type_ or len(state.outputs["value"]) >= 20
    prepared.provider.delete(type_, state)


class TestDrift:
    def test_a_setting_changed_in_the_service_is_found_and_repaired(self, prepared: Prepared) -> None:
        provider, client = prepared.provider, prepared.client("dynamodb")
        inputs = cases(prepared)[TABLE][0] | {"name": "drifting"}
        state = provider.create(TABLE, "drifting", inputs)
        client.update_table(TableName="drifting", DeletionProtectionEnabled=True)
        client.tag_resource(ResourceArn=state.outputs["arn"], Tags=[{"Key": "by", "Value": "hand"}])
        live = provider.read(TABLE, state)
        assert live is not None
        assert provider.diff(TABLE, live, inputs).changed == ("deletionProtectionEnabled", "tags")
        repaired = provider.update(TABLE, live, inputs)
        assert_unchanged(provider, TABLE, repaired, inputs)
        provider.delete(TABLE, repaired)

    def test_a_resource_without_inputs_has_not_drifted(self, prepared: Prepared) -> None:
        provider, type_ = prepared.provider, "aws:sns/topic:Topic"
        state = provider.create(type_, "plain", {})
        assert_unchanged(provider, type_, state, {})
        provider.delete(type_, state)

    def test_code_changed_in_the_service_is_found(self, prepared: Prepared) -> None:
        provider = prepared.provider
        inputs = cases(prepared)[FUNCTION][0] | {"name": "drifting"}
        state = provider.create(FUNCTION, "drifting", inputs)
        other = archive(prepared.folder, "other.zip", "def handler(event, context): return 3")
        code = (prepared.folder / "other.zip").read_bytes()
        prepared.client("lambda").update_function_code(FunctionName="drifting", ZipFile=code)
        live = provider.read(FUNCTION, state)
        assert live is not None
        assert provider.diff(FUNCTION, live, inputs).changed == ("code",)
        assert provider.diff(FUNCTION, live, inputs | {"code": other}).changed == ()
        provider.delete(FUNCTION, live)


class TestReplacements:
    @pytest.mark.parametrize(
        ("type_", "change"),
        [
            (TABLE, {"hashKey": "id"}),
            (TABLE, {"rangeKey": "time"}),
            (TABLE, {"name": "other"}),
            (FUNCTION, {"name": "other"}),
            (ROLE, {"name": "other"}),
            ("aws:iam/policy:Policy", {"name": "other"}),
            (DEPLOYMENT, {"triggers": {"api": "2"}}),
            (STAGE, {"stageName": "other"}),
            (HTTP_API, {"protocolType": "WEBSOCKET"}),
            (HTTP_DEPLOYMENT, {"triggers": {"api": "2"}}),
            (HTTP_STAGE, {"name": "other"}),
            (cognito_cases.POOL, {"usernameAttributes": ["phone_number"]}),
            (cognito_cases.CLIENT, {"generateSecret": True}),
            ("aws:apigateway/apiKey:ApiKey", {"value": "w" * 20}),
            ("aws:lambda/permission:Permission", {"sourceArn": "arn:aws:execute-api:us-east-1:000000000000:y/*"}),
        ],
    )
    def test_changes_that_aws_makes_by_replacing(self, prepared: Prepared, type_: str, change: Inputs) -> None:
        inputs = cases(prepared)[type_][0]
        diff = prepared.provider.diff(type_, State(id="x", inputs=inputs, outputs=inputs), inputs | change)
        assert set(diff.replaces) == set(change)
        name = RESOURCE_TYPES[type_].name_property
        assert diff.delete_before_replace == (name is not None and name not in change)


class TestPartialFailures:
    def test_a_creation_that_fails_half_way_is_completed_by_an_update(self, prepared: Prepared) -> None:
        provider = prepared.provider
        broken = {"name": "half", "body": body("/a").replace('"mock"', '"mock", "unknown": 1')}
        with pytest.raises(PartialFailure, match="unknown") as failure:
            provider.create(API, "half", broken)
        state = failure.value.state
        assert state.inputs == {"name": "half"}
        repaired = {"name": "half", "body": body("/a")}
        assert provider.diff(API, state, repaired).changed == ("body",)
        assert_unchanged(provider, API, provider.update(API, state, repaired), repaired)

    def test_an_update_that_fails_half_way_keeps_the_old_inputs_that_were_not_changed(self, prepared: Prepared) -> None:
        provider = prepared.provider
        inputs = cases(prepared)[FUNCTION][0] | {"name": "half"}
        state = provider.create(FUNCTION, "half", inputs)
        wanted = inputs | {"memorySize": 512, "code": FileArchive("missing.zip")}
        with pytest.raises(PartialFailure, match=r"missing\.zip") as failure:
            provider.update(FUNCTION, state, wanted)
        found = failure.value.state
        assert found.inputs == inputs | {"memorySize": 512}
        assert provider.diff(FUNCTION, found, wanted).changed == ("code",)
        assert_unchanged(provider, FUNCTION, provider.update(FUNCTION, found, found.inputs), found.inputs)
        provider.delete(FUNCTION, found)
