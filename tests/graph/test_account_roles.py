"""What the roles of a delivery pipeline may do, and what they must not."""

import json
import warnings
from functools import cache
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra.account.boundaries import TABLE_ACTIONS
from infra.account.settings import load
from infra.functions.layouts import RouteGroup
from infra.packaging.bundles import ROOT
from infra.stack_file import SettingsError
from local.engine import Deployment, ProgramError, Resource
from local.plans.architecture import Architecture
from local.plans.plan import example, plan
from tests.graph.settings_space import everything_on, overrides
from tests.security.role_permissions import Request, allowed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pkg_resources is deprecated
    from parliament import analyze_policy_string

PROJECT = ROOT / "infra" / "account"
POLICY, ROLE = "aws:iam/policy:Policy", "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ACCOUNT = "123456789012"
HERE = f"us-east-1:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
BUCKET = f"arn:aws:s3:::gatehouse-account-main-state-{ACCOUNT}-us-east-1"
BOUNDARY = f"{IAM}:policy/gatehouse-account/gatehouse-account-main-roles-production"
OWN_ROLE = f"{IAM}:role/gatehouse-account/gatehouse-account-main-deploy-production"
KEY = f"arn:aws:kms:{HERE}:key/1"
STATE_KEY = f"arn:aws:kms:{HERE}:key/state"
"""What `parsed` replaces the ARN of the state's key by."""
PIPELINE = {
    "repository": "acme/api",
    "environments": [
        {"name": "production", "stack": "prod", "hostedZone": "Z0123456789"}, {"name": "development", "stack": "dev"},
    ],
}  # fmt: skip
SETTINGS = {"state.enabled": "true", "pipeline": json.dumps(PIPELINE)}


@cache
def deployed() -> Deployment:
    return example(PROJECT, "main", SETTINGS)


def parsed(policy: Resource) -> dict[str, Any]:
    (key,) = deployed().of_type("aws:kms/key:Key")
    return json.loads(policy.inputs["policy"].replace(key.outputs["arn"], STATE_KEY))


def documents(name: str) -> dict[str, Any]:
    (policy,) = (each for each in deployed().of_type(POLICY) if each.name == name)
    return parsed(policy)


def role_of(name: str) -> Resource:
    (role,) = (each for each in deployed().of_type(ROLE) if each.name == name)
    return role


def may(role: str, *requests: Request) -> list[Request]:
    """Return the requests that a role may make."""
    by_arn = {each.outputs["arn"]: parsed(each) for each in deployed().of_type(POLICY)}
    full_name = role_of(role).inputs["name"]
    attached = [each.inputs["policyArn"] for each in deployed().of_type(ATTACHMENT) if each.inputs["role"] == full_name]
    assert attached
    boundary = role_of(role).inputs.get("permissionsBoundary")
    return allowed(requests, [by_arn[arn] for arn in attached], by_arn[boundary] if boundary else None)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def with_boundary(action: str, resource: str, boundary: str = BOUNDARY) -> Request:
    return Request(action, resource, {"iam:PermissionsBoundary": boundary})


def with_aliases(action: str, *aliases: str) -> Request:
    return Request(action, KEY, {"kms:ResourceAliases": list(aliases)} if aliases else {})


def with_secrets_of(action: str, stack: str) -> Request:
    """A request to decrypt or encrypt the secrets of a stack, as Pulumi makes it."""
    context = {"kms:ResourceAliases": ["alias/gatehouse-account-main-state"], "kms:EncryptionContext:stack": stack}
    return Request(action, STATE_KEY, context if stack else {"kms:ResourceAliases": context["kms:ResourceAliases"]})


def through(service: str, action: str, *aliases: str) -> Request:
    """A request to KMS that a service makes for its caller."""
    return Request(
        action, KEY, {"kms:ViaService": f"{service}.us-east-1.amazonaws.com", **with_aliases("", *aliases).context}
    )


READS = [
    Request("s3:ListBucket", BUCKET),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/meta.yaml"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/gatehouse-account/main.json"),
    Request("apigateway:GET", "arn:aws:apigateway:us-east-1::/account"),
    Request("route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z0123456789"),
    Request("route53:ListResourceRecordSets", "arn:aws:route53:::hostedzone/Z0123456789"),
    Request("dynamodb:ListTables", "*"),
    Request("dynamodb:DescribeTable", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
    Request("iam:ListRoles", "*"),
    Request("iam:GetRole", f"{IAM}:role/gatehouse-gateway-logs-us-east-1"),
    Request("iam:GetOpenIDConnectProvider", f"{IAM}:oidc-provider/token.actions.githubusercontent.com"),
]
"""What a preview reads."""

NOT_IN_A_PREVIEW = [
    Request("s3:PutObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
    Request("s3:DeleteObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/locks/organization/gatehouse/prod/1.json"),
    Request("s3:GetObject", "arn:aws:s3:::other/.pulumi/stacks/gatehouse/prod.json"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/another-project/prod.json"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/gatehouse-other/prod.json"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/backups/gatehouse/prod/prod.1.json"),
    Request("s3:GetObjectVersion", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
    Request("dynamodb:Scan", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
    Request("lambda:GetFunction", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-items-read"),
    Request("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/x"),
    Request("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:x"),
    Request("cognito-idp:DescribeUserPoolClient", f"arn:aws:cognito-idp:{HERE}:userpool/x"),
    Request("s3:PutBucketPolicy", BUCKET),
    Request("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
    Request("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
    Request("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-items-read"),
    Request("lambda:UpdateFunctionCode", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-items-read"),
    Request("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/account"),
    Request("apigateway:GET", "arn:aws:apigateway:us-east-1::/apikeys"),
    Request("iam:CreateRole", f"{IAM}:role/gatehouse-prod-x"),
    Request("iam:PassRole", f"{IAM}:role/gatehouse-gateway-logs-us-east-1"),
    Request("sts:AssumeRole", f"{IAM}:role/gatehouse-account/gatehouse-account-main-deploy-production"),
    Request("kms:Encrypt", KEY),
    Request("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/gatehouse-prod-items-read:log-stream:x"),
]

DEPLOYS = [
    Request("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-items-read"),
    Request("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-pr-12-items-read"),
    Request("lambda:PublishLayerVersion", f"arn:aws:lambda:{HERE}:layer:gatehouse-prod-handlers"),
    Request("dynamodb:CreateTable", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
    Request("logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/gatehouse-prod-items-read"),
    *(Request(f"logs:{action}", f"arn:aws:logs:{HERE}:log-group:API-Gateway-Execution-Logs_abc/{end}")
      for action, end in (
          ("CreateLogGroup", "prod"), ("DeleteLogGroup", "prod:*"), ("PutRetentionPolicy", "prod-pr-12"),
          ("ListTagsForResource", "prod-pr-12:*"))),
    Request("apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis"),
    Request("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0123456789"),
    Request("route53:ListTagsForResource", "arn:aws:route53:::hostedzone/Z0123456789"),
    Request("sns:CreateTopic", f"arn:aws:sns:{HERE}:gatehouse-prod-alarms"),
    with_boundary("iam:CreateRole", f"{IAM}:role/gatehouse-prod-items-read"),
    with_boundary("iam:PutRolePolicy", f"{IAM}:role/gatehouse-prod-items-read"),
    with_boundary("iam:PutRolePermissionsBoundary", f"{IAM}:role/gatehouse-prod-items-read"),
    Request("iam:CreatePolicy", f"{IAM}:policy/gatehouse-prod-items-1"),
    Request("iam:PassRole", f"{IAM}:role/gatehouse-prod-items-read", {"iam:PassedToService": "lambda.amazonaws.com"}),
    with_aliases("kms:CreateAlias"),
    with_aliases("kms:EnableKeyRotation"),
    with_aliases("kms:ScheduleKeyDeletion"),  # the alias is deleted before the key
    with_aliases("kms:ScheduleKeyDeletion", "alias/gatehouse-prod-data"),
    *(
        through("dynamodb", f"kms:{action}", *aliases)
        for action in ("Encrypt", "Decrypt", "ReEncryptTo", "GenerateDataKey", "DescribeKey", "CreateGrant")
        for aliases in ((), ("alias/gatehouse-prod-data",))
    ),
    through("backup", "kms:CreateGrant"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod-pr-12.json"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/history/gatehouse/prod/prod-1.history.json"),
    Request("s3:DeleteObject", f"{BUCKET}/.pulumi/locks/organization/gatehouse/prod/1.json"),
    *(Request(f"kms:{action}", STATE_KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"})
      for action in ("Decrypt", "GenerateDataKey")),
    *(with_secrets_of(f"kms:{action}", f"gatehouse-{stack}")
      for action in ("Decrypt", "Encrypt") for stack in ("prod", "prod-pr-12")),
]  # fmt: skip

NOT_IN_A_DEPLOYMENT = [
    # another stack
    Request("lambda:UpdateFunctionCode", f"arn:aws:lambda:{HERE}:function:gatehouse-dev-items-read"),
    Request("lambda:UpdateFunctionCode", f"arn:aws:lambda:{HERE}:function:gatehouse-production-items-read"),
    Request("dynamodb:DeleteTable", f"arn:aws:dynamodb:{HERE}:table/gatehouse-dev-items"),
    Request("dynamodb:DeleteTable", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/gatehouse-prod-items"),
    Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/gatehouse/dev.json"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/stacks/gatehouse/production.json"),
    Request("s3:PutObject", f"{BUCKET}/.pulumi/stacks/gatehouse-account/main.json"),
    Request("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z9"),
    Request("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:API-Gateway-Execution-Logs_abc/production"),
    Request("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/gatehouse-production-items"),
    *(with_secrets_of(f"kms:{action}", stack)
      for action in ("Decrypt", "Encrypt", "GenerateDataKey")
      for stack in ("gatehouse-dev", "gatehouse-production", "gatehouse-account-main", "")),
    # data
    *(Request(f"dynamodb:{action}", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items")
      for action in ("GetItem", "Query", "Scan", "PutItem", "DeleteItem")),
    Request("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:gatehouse-prod-items-read"),
    Request("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/gatehouse-prod-items-read:log-stream:x"),
    Request("cognito-idp:ListUsers", f"arn:aws:cognito-idp:{HERE}:userpool/x"),
    # more permissions
    Request("iam:CreateRole", f"{IAM}:role/gatehouse-prod-items-read"),
    with_boundary("iam:CreateRole", f"{IAM}:role/gatehouse-prod-x", "arn:aws:iam::aws:policy/AdministratorAccess"),
    with_boundary("iam:CreateRole", f"{IAM}:role/gatehouse-prod-x", BOUNDARY.replace("production", "development")),
    with_boundary("iam:PutRolePolicy", f"{IAM}:role/gatehouse-dev-items-read"),
    with_boundary("iam:PutRolePolicy", f"{IAM}:role/admin"),
    with_boundary("iam:AttachRolePolicy", OWN_ROLE),
    Request("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/gatehouse-prod-items-read"),
    Request("iam:DeleteRolePermissionsBoundary", OWN_ROLE),
    Request("iam:UpdateAssumeRolePolicy", OWN_ROLE),
    Request("iam:CreatePolicyVersion", BOUNDARY),
    Request("iam:PassRole", f"{IAM}:role/admin", {"iam:PassedToService": "lambda.amazonaws.com"}),
    Request("iam:PassRole", f"{IAM}:role/gatehouse-prod-items-read", {"iam:PassedToService": "ec2.amazonaws.com"}),
    Request("iam:CreateUser", f"{IAM}:user/x"),
    Request("iam:CreateOpenIDConnectProvider", f"{IAM}:oidc-provider/x"),
    Request("sts:AssumeRole", f"{IAM}:role/gatehouse-account/gatehouse-account-main-deploy-development"),
    # what all stacks share
    Request("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/account"),
    Request("s3:PutBucketPolicy", BUCKET),
    Request("s3:DeleteBucket", BUCKET),
    with_aliases("kms:PutKeyPolicy", "alias/gatehouse-account-main-state"),
    with_aliases("kms:PutKeyPolicy", "alias/gatehouse-account-main-state", "alias/gatehouse-prod-x"),
    with_aliases("kms:CreateAlias", "alias/gatehouse-account-main-state"),
    with_aliases("kms:ScheduleKeyDeletion", "alias/gatehouse-dev-data"),
    with_aliases("kms:Encrypt", "alias/gatehouse-prod-data"),
    through("dynamodb", "kms:CreateGrant", "alias/gatehouse-dev-data"),
    through("dynamodb", "kms:Encrypt", "alias/gatehouse-dev-data"),
]  # fmt: skip


class TestPreviews:
    def test_a_preview_may_read_what_it_needs(self) -> None:
        assert may("preview", *READS) == READS

    def test_a_preview_may_do_nothing_else(self) -> None:
        assert may("preview", *NOT_IN_A_PREVIEW) == []

    def test_the_programs_look_up_nothing_else(self) -> None:
        """A function of the provider that reads from AWS needs a statement for the preview's role."""
        free = {"getRegion", "getPartition", "getCallerIdentity"}
        allowed_ = {"getRoles", "getOpenIdConnectProvider", "getZone", "getRecords", "getTables", "getTable"}
        assert looked_up() <= free | allowed_


def looked_up() -> set[str]:
    """The functions of the provider that the source calls."""
    found: set[str] = set()
    for file in (*ROOT.glob("infra/**/*.py"), ROOT / "__main__.py"):
        text = file.read_text()
        for word in text.replace("_output(", "(").split("aws.")[1:]:
            name = word.partition("(")[0].rpartition(".")[2]
            if name.startswith("get_") and name.replace("_", "").isalnum():
                first, *rest = name.split("_")
                found.add(first + "".join(map(str.capitalize, rest)))
    return found


class TestDeployments:
    def test_a_deployment_may_change_its_stack(self) -> None:
        assert may("deploy-production", *DEPLOYS) == DEPLOYS

    def test_a_deployment_may_do_nothing_else(self) -> None:
        assert may("deploy-production", *NOT_IN_A_DEPLOYMENT) == []

    def test_an_attached_administrator_policy_gives_a_deployment_no_other_permissions(self) -> None:
        administrator = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        escalations = [
            each for each in NOT_IN_A_DEPLOYMENT if each.action.partition(":")[0] in ("iam", "sts", "s3", "kms")
        ]
        assert len(escalations) > 20
        assert allowed(escalations, [administrator], documents("deploy-production-boundary")) == []


class TestBoundaries:
    def test_the_boundary_of_a_stacks_roles_allows_what_its_functions_need(self) -> None:
        stack = Architecture(example(ROOT, "prod", overrides(everything_on("rest"))))
        needed = [
            Request(action, resource, {"kms:ResourceAliases": ["alias/gatehouse-prod-backups"]})
            for grant in stack.grants
            for action in listed(grant.statement["Action"])
            for resource in listed(grant.statement["Resource"])
            if grant.resource.type.startswith("aws:iam/") and "Condition" not in grant.statement
        ]
        assert len(needed) > 50
        administrator = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        assert allowed(needed, [administrator], documents("roles-production")) == needed

    def test_it_allows_nothing_of_another_stack_and_no_change_of_permissions(self) -> None:
        administrator = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        requests = [
            Request("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/gatehouse-dev-items"),
            Request("dynamodb:DeleteTable", f"arn:aws:dynamodb:{HERE}:table/gatehouse-prod-items"),
            Request("iam:CreateRole", f"{IAM}:role/gatehouse-prod-x"),
            Request("sts:AssumeRole", f"{IAM}:role/admin"),
            Request("s3:GetObject", f"{BUCKET}/.pulumi/stacks/gatehouse/prod.json"),
            Request("kms:Decrypt", KEY),
            Request("backup:DeleteRecoveryPoint", f"arn:aws:backup:{HERE}:recovery-point:x"),
        ]
        assert allowed(requests, [administrator], documents("roles-production")) == []

    def test_it_covers_every_action_of_the_contract(self) -> None:
        group = RouteGroup(name="all", routes=list(routes(load_collections())))
        actions = {action for each in group.permissions() for action in each}
        assert actions <= {f"dynamodb:{action}" for action in TABLE_ACTIONS}


class TestTrust:
    @pytest.mark.parametrize(
        ("role", "subject"),
        [
            ("preview", "repo:acme/api:pull_request"),
            ("deploy-production", "repo:acme/api:environment:production"),
            ("deploy-development", "repo:acme/api:environment:development"),
        ],
    )
    def test_a_role_is_assumed_by_exactly_one_subject(self, role: str, subject: str) -> None:
        host = "token.actions.githubusercontent.com"
        (statement,) = json.loads(role_of(role).inputs["assumeRolePolicy"])["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Federated": f"{IAM}:oidc-provider/{host}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": subject}},
        }

    def test_a_subject_with_ids_is_accepted(self) -> None:
        pipeline = json.dumps({"repository": "acme@12/api@34"})
        (role,) = (
            each for each in example(PROJECT, "main", {"pipeline": pipeline}).of_type(ROLE) if each.name == "preview"
        )
        assert "repo:acme@12/api@34:pull_request" in role.inputs["assumeRolePolicy"]


def problems(**settings: Any) -> str:
    with pytest.raises(ProgramError) as raised:
        plan(PROJECT, "main", {name: json.dumps(value) for name, value in settings.items()})
    return str(raised.value)


class TestSettings:
    def test_nothing_is_created_unless_it_is_set(self) -> None:
        types = {each.type for each in plan(PROJECT, "main").resources if each.type.startswith("aws:")}
        assert types == {ROLE, ATTACHMENT, "aws:apigateway/account:Account"}

    @pytest.mark.parametrize(
        "repository", ["acme/*", "*", "acme/api:*", "acme", "acme/api/x", "a?me/api", "acme@12/api", "acme/api@34", ""]
    )
    def test_wildcards_and_other_forms_of_a_repository_are_rejected(self, repository: str) -> None:
        assert "gatehouse-account:pipeline.repository: must be OWNER/REPOSITORY" in problems(
            pipeline={"repository": repository}
        )

    @pytest.mark.parametrize("name", ["*", "prod*", "a:b", "a/b", "", "x" * 25])
    def test_wildcards_in_environments_are_rejected(self, name: str) -> None:
        found = problems(pipeline={"repository": "a/b", "environments": [{"name": name, "stack": "prod"}]})
        assert "gatehouse-account:pipeline.environments[0].name: must be" in found

    def test_all_mistakes_are_reported_at_once(self) -> None:
        found = problems(
            pipeline={"environments": [{"name": "a", "stack": "dev"}, {"name": "A", "stack": "dev-eu"}]},
            state={"bucket": "Not-Valid"}, unknown=1, provider={"accountIds": ["1"]},
        )  # fmt: skip
        for key in ("state.bucket", "unknown", "provider.accountIds[0]"):
            assert f"gatehouse-account:{key}" in found

    def test_tags_that_aws_rejects_are_rejected(self) -> None:
        assert "gatehouse-account:tags.aws:x: its name must be" in problems(tags={"aws:x": "a"})

    def test_stacks_whose_roles_could_change_each_other_are_rejected(self) -> None:
        found = problems(
            pipeline={"environments": [
                {"name": "a", "stack": "dev"}, {"name": "A", "stack": "dev-eu"}, {"name": "c", "stack": "gateway"},
            ]},
        )  # fmt: skip
        assert "pipeline.environments: requires pipeline.repository" in found
        assert "pipeline.environments[1].name: must be unique" in found
        assert "pipeline.environments[1].stack: must not start with another environment's stack" in found
        assert "pipeline.environments[2].stack: must not start with account or gateway" in found

    @pytest.mark.parametrize("stack", ["gateway-logs", "account-main", "account"])
    def test_a_stack_whose_names_start_like_those_of_the_account_is_rejected(self, stack: str) -> None:
        """The role of the stack `gateway-logs` could change the one for logs, `gatehouse-gateway-logs-us-east-1`."""
        found = problems(pipeline={"repository": "a/b", "environments": [{"name": "a", "stack": stack}]})
        assert "pipeline.environments[0].stack: must not start with account or gateway" in found

    def test_names_that_aws_rejects_are_reported_before_anything_is_created(self) -> None:
        pipeline = {"repository": "a/b", "environments": [{"name": "e" * 24, "stack": "prod"}]}
        with pytest.raises(SettingsError) as raised:
            load("gatehouse-account", "Another_account", {
                "aws:region": "us-east-1", "gatehouse-account:state": '{"enabled": true}',
                "gatehouse-account:pipeline": json.dumps(pipeline),
            })  # fmt: skip
        assert "pipeline.environments[0].name: gatehouse-account-Another_account-deploy-eee" in str(raised.value)
        usual = "gatehouse-account-Another_account-state-000000000000-us-east-1"
        assert f"state.bucket: is required, because S3 does not allow {usual}" in str(raised.value)

    def test_a_bucket_with_dots_is_rejected(self) -> None:
        """Its name is not covered by S3's certificate, so Pulumi could not use it."""
        assert "state.bucket: must be 3 to 63" in problems(state={"enabled": True, "bucket": "a.b.c"})


class TestPolicies:
    def test_every_policy_fits(self) -> None:
        """A managed policy has at most 6,144 characters without whitespace (AWS, "IAM and AWS STS quotas").

        All names are as long as possible here.
        """
        longest = {"name": "e" * 24, "stack": "s" * 32, "hostedZone": "Z" * 32}
        pipeline = {"repository": "acme/api", "environments": [longest]}
        settings = {"state": json.dumps({"enabled": True, "bucket": "b" * 63}), "pipeline": json.dumps(pipeline)}
        created = example(PROJECT, "main", {**settings, "aws:region": "us-gov-west-1"}).of_type(POLICY)
        sizes = {each.name: len("".join(each.inputs["policy"].split())) for each in created}
        assert len(sizes) == 6
        assert max(sizes.values()) <= 6_144, sizes

    def test_the_linter_finds_nothing(self) -> None:
        found = {
            f"{each.name}: {finding}"
            for each in deployed().of_type(POLICY)
            for finding in analyze_policy_string(each.inputs["policy"]).findings
            if not is_expected(each.name, finding)
        }
        assert found == set()

    def test_names_are_of_the_project_and_the_path_separates_them_from_those_of_stacks(self) -> None:
        created = [
            each for each in deployed().of_type(ROLE) + deployed().of_type(POLICY) if each.name != "gateway-logs"
        ]
        assert {each.inputs["path"] for each in created} == {"/gatehouse-account/"}
        assert all(each.inputs["name"].startswith("gatehouse-account-main-") for each in created)
        assert all(len(each.inputs["name"]) <= 64 for each in created)


def is_expected(policy: str, finding: Any) -> bool:
    """Whether a finding is intended.

    The boundary allows services as a whole, CloudWatch requires `*` for composite alarms, and the linter lacks a
    condition key.
    """
    composite = sorted(finding.detail) == ["cloudwatch:DescribeAlarms", "cloudwatch:PutCompositeAlarm"]
    return (finding.issue == "RESOURCE_STAR" and (composite or policy.endswith("-boundary"))) or (
        finding.issue == "UNKNOWN_CONDITION_FOR_ACTION" and "kms:ResourceAliases" in str(finding.detail)
    )


class TestState:
    def test_the_bucket_and_the_key_are_protected(self) -> None:
        types = ("aws:s3/bucket:Bucket", "aws:kms/key:Key")
        found = [each for type_ in types for each in deployed().of_type(type_)]
        assert [each.protect for each in found] == [True, True]

    def test_the_outputs_say_where_the_state_and_its_key_are(self) -> None:
        exports = deployed().exports
        assert exports["stateUrl"] == f"s3://{BUCKET.rpartition(':')[2]}?region=us-east-1"
        assert exports["secretsProvider"] == "awskms://alias/gatehouse-account-main-state?region=us-east-1"

    def test_connections_without_tls_are_denied(self) -> None:
        (policy,) = deployed().of_type("aws:s3/bucketPolicy:BucketPolicy")
        (statement,) = json.loads(policy.inputs["policy"])["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
