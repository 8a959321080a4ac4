"""Each supported resource type, created in an emulator: its state in the service, and its outputs."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import ResourceError
from tests.e2e.provider.deploying import only

if TYPE_CHECKING:
    from tests.e2e.provider.deploying import Deployer

ACCOUNT = "000000000000"


class TestTables:
    def test_keys_indexes_expiry_backups_protection_and_tags(self, deployer: Deployer) -> None:
        deployment = deployer("""
            aws.dynamodb.Table("full", name="full", billing_mode="PAY_PER_REQUEST", hash_key="owner", range_key="id",
                attributes=[{"name": n, "type": "S"} for n in ("owner", "id", "kind", "time")],
                global_secondary_indexes=[{"name": "by-kind", "hash_key": "kind", "range_key": "time",
                    "projection_type": "KEYS_ONLY"}],
                ttl={"enabled": True, "attribute_name": "expires"}, point_in_time_recovery={"enabled": True},
                deletion_protection_enabled=True, tags={"stage": "dev"})
        """)
        client = deployer.client("dynamodb")
        table = client.describe_table(TableName="full")["Table"]
        assert table["KeySchema"] == [
            {"AttributeName": "owner", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ]
        (index,) = table["GlobalSecondaryIndexes"]
        assert [key["AttributeName"] for key in index["KeySchema"]] == ["kind", "time"]
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert table["DeletionProtectionEnabled"] is True
        expiry = client.describe_time_to_live(TableName="full")["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
        backups = client.describe_continuous_backups(TableName="full")["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        assert client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "stage", "Value": "dev"}]
        resource = only(deployment, "aws:dynamodb/table:Table")
        assert resource.id == "full"
        assert resource.outputs["arn"] == f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/full"

    @pytest.mark.parametrize("forward", [True, False])
    def test_an_index_is_sorted_by_its_sort_key_and_pages_through_equal_keys(
        self, deployer: Deployer, forward: bool
    ) -> None:
        name = f"index-{forward}".lower()
        deployer(f"""
            aws.dynamodb.Table("table", name="{name}", billing_mode="PAY_PER_REQUEST", hash_key="owner", range_key="id",
                attributes=[{{"name": n, "type": "S"}} for n in ("owner", "id", "time")],
                global_secondary_indexes=[{{"name": "by-time", "projection_type": "ALL", "key_schemas": [
                    {{"attribute_name": "owner", "key_type": "HASH"}},
                    {{"attribute_name": "time", "key_type": "RANGE"}}]}}])
        """)
        client = deployer.client("dynamodb")
        times = {"m": "1", "z": "2", "b": "2", "c": "2", "a": "3"}
        for item_id, time in times.items():
            client.put_item(TableName=name, Item={"owner": {"S": "ann"}, "id": {"S": item_id}, "time": {"S": time}})
        client.put_item(TableName=name, Item={"owner": {"S": "ann"}, "id": {"S": "timeless"}})
        client.put_item(TableName=name, Item={"owner": {"S": "eve"}, "id": {"S": "m"}, "time": {"S": "1"}})
        found: list[str] = []
        start: dict[str, Any] = {}
        while page := client.query(
            TableName=name, IndexName="by-time", Limit=1, ScanIndexForward=forward, KeyConditionExpression="#o = :o",
            ExpressionAttributeNames={"#o": "owner"}, ExpressionAttributeValues={":o": {"S": "ann"}}, **start,
        ):  # fmt: skip
            assert page["ScannedCount"] == len(page["Items"])
            found += [each["id"]["S"] for each in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            assert set(page["LastEvaluatedKey"]) == {"owner", "id", "time"}
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert sorted(found) == sorted(times)
        assert [times[item_id] for item_id in found] == sorted(times.values(), reverse=not forward)

    def test_provisioned_capacity_and_disabled_features(self, deployer: Deployer) -> None:
        deployer("""
            aws.dynamodb.Table("plain", name="plain", hash_key="id", attributes=[{"name": "id", "type": "N"}],
                read_capacity=3, write_capacity=2, ttl={"enabled": False}, point_in_time_recovery={"enabled": False},
                deletion_protection_enabled=False)
        """)
        client = deployer.client("dynamodb")
        table = client.describe_table(TableName="plain")["Table"]
        assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "N"}]
        assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
        assert not table["DeletionProtectionEnabled"]
        expiry = client.describe_time_to_live(TableName="plain")["TimeToLiveDescription"]
        assert expiry["TimeToLiveStatus"] == "DISABLED"


class TestRoles:
    def test_a_role_with_an_inline_and_an_attached_policy(self, deployer: Deployer) -> None:
        deployment = deployer("""
            document = json.dumps({"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]})
            role = aws.iam.Role("worker", name="worker", assume_role_policy=ROLE, description="works",
                max_session_duration=7200, path="/team/", tags={"stage": "dev"})
            aws.iam.RolePolicy("own", name="own", role=role.name, policy=document)
            aws.iam.RolePolicyAttachment("attached", role=role.name,
                policy_arn="arn:aws:iam::aws:policy/AWSLambdaExecute")
            pulumi.export("role", role.arn)
        """)
        client = deployer.client("iam")
        role = client.get_role(RoleName="worker")["Role"]
        assert deployment.exports["role"] == role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/worker"
        assert (role["Description"], role["MaxSessionDuration"]) == ("works", 7200)
        own = client.get_role_policy(RoleName="worker", PolicyName="own")["PolicyDocument"]
        assert own["Statement"][0]["Action"] == "s3:ListBucket"
        attached = client.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
        assert [policy["PolicyName"] for policy in attached] == ["AWSLambdaExecute"]
        assert only(deployment, "aws:iam/rolePolicy:RolePolicy").id == "worker:own"


class TestFunctions:
    def test_a_function_has_the_settings_of_the_program(self, deployer: Deployer) -> None:
        deployment = deployer("""
            group = aws.cloudwatch.LogGroup("worker", name="/aws/lambda/worker", retention_in_days=7)
            made = function("worker", "def handler(event, context): return event",
                architectures=["arm64"], memory_size=256, timeout=9, description="works",
                environment={"variables": {"TABLE": "items"}},
                logging_config={"log_format": "JSON", "log_group": group.name,
                    "application_log_level": "INFO", "system_log_level": "WARN"},
                tracing_config={"mode": "PassThrough"}, tags={"stage": "dev"})
            pulumi.export("arns", [made.arn, made.invoke_arn, made.qualified_arn, made.version])
        """)
        client = deployer.client("lambda")
        described = client.get_function(FunctionName="worker")
        found = described["Configuration"]
        assert (found["MemorySize"], found["Timeout"], found["Description"]) == (256, 9, "works")
        assert found["Architectures"] == ["arm64"]
        assert found["Environment"] == {"Variables": {"TABLE": "items"}}
        assert found["LoggingConfig"] == {
            "LogFormat": "JSON",
            "LogGroup": "/aws/lambda/worker",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
        }
        assert described["Tags"] == {"stage": "dev"}
        arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"
        invoke = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        assert deployment.exports["arns"] == [arn, invoke, f"{arn}:$LATEST", "$LATEST"]
        (group,) = deployer.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/worker")["logGroups"]
        assert group["retentionInDays"] == 7
        expected = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/worker"
        assert only(deployment, "aws:cloudwatch/logGroup:LogGroup").outputs["arn"] == expected

    def test_the_code_of_a_function_runs(self, deployer: Deployer) -> None:
        deployer("function('echo', 'def handler(event, context): return {\"got\": event}')")
        answer = deployer.client("lambda").invoke(FunctionName="echo", Payload=json.dumps({"a": 1}))
        assert json.load(answer["Payload"]) == {"got": {"a": 1}}

    def test_versions_aliases_and_permissions(self, deployer: Deployer) -> None:
        deployment = deployer("""
            made = function("versioned", "def handler(event, context): return 1", publish=True)
            alias = aws.lambda_.Alias("live", name="live", function_name=made.name, function_version=made.version)
            aws.lambda_.Permission("gateway", statement_id="gateway", action="lambda:InvokeFunction",
                function=made.name, qualifier=alias.name, principal="apigateway.amazonaws.com",
                source_arn="arn:aws:execute-api:us-east-1:000000000000:abc/*")
            aws.lambda_.Permission("unnamed", action="lambda:InvokeFunction", function=made.name,
                principal="events.amazonaws.com")
            pulumi.export("arns", [made.arn, made.qualified_arn, alias.arn, alias.invoke_arn])
        """)
        arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:versioned"
        assert deployment.exports["arns"][:3] == [arn, f"{arn}:1", f"{arn}:live"]
        assert f"/functions/{arn}:live/invocations" in deployment.exports["arns"][3]
        client = deployer.client("lambda")
        policy = json.loads(client.get_policy(FunctionName="versioned", Qualifier="live")["Policy"])
        (statement,) = policy["Statement"]
        assert statement["Sid"] == "gateway"
        assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
        assert "abc/*" in json.dumps(statement["Condition"])
        policy = json.loads(client.get_policy(FunctionName="versioned")["Policy"])
        assert re.fullmatch(r"unnamed-[0-9a-f]{7}", policy["Statement"][0]["Sid"])

    def test_a_zip_file_is_deployed_unchanged(self, deployer: Deployer) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("main.py", "def handler(event, context): return 'from a file'")
        path = deployer.folder / "bundle.zip"
        path.write_bytes(archive.getvalue())
        deployer(f"""
            role = aws.iam.Role("filed", assume_role_policy=ROLE)
            aws.lambda_.Function("filed", name="filed", role=role.arn, handler="main.handler", runtime="python3.13",
                code=pulumi.FileArchive({str(path)!r}))
        """)
        answer = deployer.client("lambda").invoke(FunctionName="filed")
        assert json.load(answer["Payload"]) == "from a file"


class TestGateways:
    def test_settings_that_are_applied_as_patches(self, deployer: Deployer) -> None:
        deployment = deployer("""
            api = aws.apigateway.RestApi("api", description="an API",
                endpoint_configuration={"types": "REGIONAL"}, minimum_compression_size="1024",
                binary_media_types=["image/png"], disable_execute_api_endpoint=False, api_key_source="HEADER",
                tags={"stage": "dev"})
            logs = aws.cloudwatch.LogGroup("access")
            deployed = aws.apigateway.Deployment("deployed", rest_api=api.id, triggers={"body": "1"}, description="d")
            stage = aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployed.id, stage_name="dev",
                access_log_settings={"destination_arn": logs.arn, "format": "$context.requestId"},
                variables={"stack": "dev"}, xray_tracing_enabled=True, tags={"stage": "dev"})
            aws.apigateway.MethodSettings("settings", rest_api=api.id, stage_name=stage.stage_name, method_path="*/*",
                settings={"throttling_burst_limit": 20, "throttling_rate_limit": 10.5, "metrics_enabled": True,
                    "logging_level": "ERROR", "data_trace_enabled": False})
            aws.apigateway.Account("account", cloudwatch_role_arn="arn:aws:iam::000000000000:role/logs")
            pulumi.export("api", [api.id, api.execution_arn, api.root_resource_id, api.arn])
            pulumi.export("stage", [stage.invoke_url, stage.arn, stage.execution_arn])
        """)
        client = deployer.client("apigateway")
        api, execution_arn, root, arn = deployment.exports["api"]
        described = client.get_rest_api(restApiId=api)
        assert re.fullmatch(r"api-[0-9a-f]{7}", described["name"])
        assert described["minimumCompressionSize"] == 1024
        assert described["binaryMediaTypes"] == ["image/png"]
        assert execution_arn == f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api}"
        assert arn == f"arn:aws:apigateway:us-east-1::/restapis/{api}"
        assert client.get_resource(restApiId=api, resourceId=root)["path"] == "/"
        stage = client.get_stage(restApiId=api, stageName="dev")
        assert stage["accessLogSettings"]["format"] == "$context.requestId"
        assert ":log-group:access-" in stage["accessLogSettings"]["destinationArn"]
        assert stage["variables"] == {"stack": "dev"}
        assert stage["tracingEnabled"] is True
        settings = stage["methodSettings"]["*/*"]
        assert (settings["throttlingBurstLimit"], settings["throttlingRateLimit"]) == (20, 10.5)
        assert (settings["metricsEnabled"], settings["loggingLevel"]) == (True, "ERROR")
        assert deployment.exports["stage"] == [
            f"{deployer.provider.connection.endpoint}/_aws/execute-api/{api}/dev",
            f"{arn}/stages/dev",
            f"{execution_arn}/dev",
        ]
        assert client.get_account()["cloudwatchRoleArn"] == "arn:aws:iam::000000000000:role/logs"

    def test_usage_plans_with_keys(self, deployer: Deployer) -> None:
        deployment = deployer("""
            api = aws.apigateway.RestApi("planned")
            deployed = aws.apigateway.Deployment("deployed", rest_api=api.id)
            stage = aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployed.id, stage_name="dev")
            plan = aws.apigateway.UsagePlan("plan", api_stages=[{"api_id": api.id, "stage": stage.stage_name}],
                quota_settings={"limit": 100, "period": "DAY"},
                throttle_settings={"burst_limit": 5, "rate_limit": 2.5})
            key = aws.apigateway.ApiKey("key", value="a-value-of-twenty-letters")
            aws.apigateway.UsagePlanKey("bound", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id)
            pulumi.export("ids", [plan.id, key.id])
        """)
        plan, key = deployment.exports["ids"]
        client = deployer.client("apigateway")
        described = client.get_usage_plan(usagePlanId=plan)
        assert described["throttle"] == {"burstLimit": 5, "rateLimit": 2.5}
        assert described["quota"] == {"limit": 100, "period": "DAY"}
        assert [each["stage"] for each in described["apiStages"]] == ["dev"]
        assert client.get_api_key(apiKey=key)["enabled"] is True
        assert [each["id"] for each in client.get_usage_plan_keys(usagePlanId=plan)["items"]] == [key]


class TestOthers:
    def test_alarms_with_topics(self, deployer: Deployer) -> None:
        deployment = deployer("""
            topic = aws.sns.Topic("alerts")
            aws.cloudwatch.MetricAlarm("errors", name="errors", namespace="AWS/Lambda", metric_name="Errors",
                statistic="Sum", comparison_operator="GreaterThanThreshold", evaluation_periods=1, period=60,
                threshold=1, alarm_actions=[topic.arn], dimensions={"FunctionName": "f"},
                alarm_description="errors", treat_missing_data="notBreaching")
            pulumi.export("topic", topic.arn)
        """)
        topic = deployment.exports["topic"]
        (alarm,) = deployer.client("cloudwatch").describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
        assert alarm["AlarmActions"] == [topic]
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "f"}]

    def test_look_ups(self, deployer: Deployer) -> None:
        deployment = deployer("""
            pulumi.export("found", [aws.get_region().region, aws.get_caller_identity().account_id,
                aws.get_caller_identity_output().account_id, aws.get_partition().partition])
        """)
        assert deployment.exports["found"] == ["us-east-1", ACCOUNT, ACCOUNT, "aws"]


class TestUnsupported:
    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            (
                "aws.sns.Topic('t', fifo_topic=True, content_based_deduplication=True)",
                "aws:sns/topic:Topic t: not supported locally: contentBasedDeduplication, fifoTopic",
            ),
            (
                (
                    "aws.dynamodb.Table('t', hash_key='id', attributes=[{'name': 'id', 'type': 'S'}],"
                    " replicas=[{'region_name': 'eu-west-1'}])"
                ),
                "aws:dynamodb/table:Table t: not supported locally: replicas",
            ),
            (
                "aws.apigateway.UsagePlan('t', quota_settings={'limit': 1, 'period': 'DAY'}, product_code='x')",
                "aws:apigateway/usagePlan:UsagePlan t: not supported locally: productCode",
            ),
            (
                (
                    "aws.apigateway.Stage('t', rest_api='x', deployment='y', stage_name='z',"
                    " canary_settings={'deployment_id': 'y', 'percent': 5})"
                ),
                "aws:apigateway/stage:Stage t: not supported locally: canarySettings.percent",
            ),
            (
                "aws.sns.Topic('t', region='eu-west-1')",
                "aws:sns/topic:Topic t: region must be us-east-1, the only region of the local stack, not eu-west-1",
            ),
            (
                (
                    "aws.lambda_.Function('t', role='r', handler='main.handler', runtime='python3.13',"
                    " code=pulumi.AssetArchive({'main.py': pulumi.StringAsset('')}))"
                ),
                "aws:lambda/function:Function t: code: AssetArchive is not supported locally; must be a zip file",
            ),
            (
                "aws.efs.FileSystem('t')",
                (
                    "aws:efs/fileSystem:FileSystem t: this type is not supported locally;"
                    " docs/local-stack.md lists the settings that need such types"
                ),
            ),
            (
                "aws.iam.RolePolicy('t', role='nobody', policy='{}')",
                (
                    "aws:iam/rolePolicy:RolePolicy t: PutRolePolicy: NoSuchEntity: The role with name"
                    " nobody cannot be found."
                ),
            ),
        ],
    )
    def test_what_cannot_be_applied_is_reported(self, deployer: Deployer, source: str, problem: str) -> None:
        with pytest.raises(ResourceError) as failure:
            deployer(source)
        assert str(failure.value) == problem
