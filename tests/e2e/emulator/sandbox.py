"""Small APIs on a running emulator, built from single functions, authorizers and methods."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.emulator.launch import Emulator

ROLE = "sandbox"

# The token is a JSON object whose members override those of an output that allows everything.
AUTHORIZER = """
import json

def handler(event, context):
    overrides = json.loads(event["authorizationToken"])
    if "raise" in overrides:
        raise Exception(overrides["raise"])
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    output = {"principalId": "someone", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return {**output, **overrides}
"""

HTTP_AUTHORIZER = AUTHORIZER.replace('event["authorizationToken"]', 'event["identitySource"][0]')

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


def allowing(**statement: object) -> dict[str, object]:
    """Return a token for a policy with one Allow of these elements; by default, it allows all actions and resources."""
    names = statement.keys()
    action = {} if names & {"Action", "NotAction"} else {"Action": "execute-api:Invoke"}
    resource = {} if names & {"Resource", "NotResource"} else {"Resource": "*"}
    return {"policyDocument": {"Statement": [{"Effect": "Allow", **action, **resource, **statement}]}}


def returning(expression: str) -> str:
    """Return the source of a function that returns this Python expression."""
    return f"def handler(event, context):\n    return {expression}\n"


def zip_of(source: str) -> bytes:
    """Return a bundle with one module."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", source)
    return archive.getvalue()


@dataclass(frozen=True)
class Function:
    """A deployed function, or one of its aliases."""

    name: str
    arn: str
    region: str
    qualifier: str = ""

    @property
    def uri(self) -> str:
        return f"arn:aws:apigateway:{self.region}:lambda:path/2015-03-31/functions/{self.arn}/invocations"


@dataclass
class Sandbox:
    """A running emulator with its clients, and a counter for unique function names."""

    emulator: Emulator
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.gateway = self.client("apigateway")
        self.http_gateway = self.client("apigatewayv2")
        self.functions = self.client("lambda")
        self.logs = self.client("logs")
        policy = {"Version": "2012-10-17", "Statement": []}
        self.role = self.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policy))
        self.http = httpx.Client(timeout=10)

    def close(self) -> None:
        self.http.close()
        for client in (self.gateway, self.http_gateway, self.functions, self.logs):
            client.close()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint_url,
            region_name=self.emulator.options.region,
            aws_access_key_id=self.emulator.options.account,
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=2),
        )

    def as_role(self, service: str) -> Any:
        """Return a client with the permissions of the sandbox's role."""
        root = f"arn:aws:iam::{self.emulator.options.account}:root"
        trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)
        session = self.client("sts").assume_role(RoleArn=self.role["Role"]["Arn"], RoleSessionName="test")
        credentials = session["Credentials"]
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint_url,
            region_name=self.emulator.options.region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def url(self, api_id: str) -> str:
        """Return the URL of the stage `test` of an API, without a trailing slash."""
        return f"{self.emulator.endpoint_url}/_aws/execute-api/{api_id}/test"

    def function(self, source: str, *, permit: bool = True, **settings: Any) -> Function:
        """Deploy a function from the source of its only module."""
        name = f"function-{next(self.numbers)}"
        created = self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role["Role"]["Arn"],
            Handler="index.handler",
            Code={"ZipFile": zip_of(source)},
            **settings,
        )
        function = Function(name, created["FunctionArn"], self.emulator.options.region)
        if permit:
            self.permit(function)
        return function

    def alias(self, function: Function) -> Function:
        """Publish a version of the function, and return an alias of it."""
        version = self.functions.publish_version(FunctionName=function.name)["Version"]
        created = self.functions.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
        return Function(function.name, created["AliasArn"], function.region, qualifier="live")

    def permit(self, function: Function, source_arn: str | None = None) -> None:
        """Allow API Gateway to invoke the function, from one source or from all."""
        self.functions.add_permission(
            FunctionName=function.name,
            **({"Qualifier": function.qualifier} if function.qualifier else {}),
            StatementId=f"statement-{next(self.numbers)}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            **({"SourceArn": source_arn} if source_arn else {}),
        )

    def invoke(self, function: Function, event: object = None) -> Any:
        """Invoke the function and return its result."""
        return json.load(self.functions.invoke(FunctionName=function.name, Payload=json.dumps(event))["Payload"])

    def functions_log(self) -> str:
        """Return the output of all functions so far."""
        log = self.emulator.options.functions_log
        return log.read_text() if log.exists() else ""

    def api(self, **settings: Any) -> Api:
        """Create an empty API."""
        created = self.gateway.create_rest_api(name="sandbox", **settings)
        return Api(self, created["id"], created["rootResourceId"])

    def http_api(self, **settings: Any) -> HttpApi:
        """Create an empty HTTP API."""
        return HttpApi(self, self.http_gateway.create_api(Name="sandbox", ProtocolType="HTTP", **settings)["ApiId"])


@dataclass
class Api:
    """A REST API; its stage is `test`."""

    sandbox: Sandbox
    id: str
    root: str
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def execution_arn(self) -> str:
        options = self.sandbox.emulator.options
        return f"arn:aws:execute-api:{options.region}:{options.account}:{self.id}"

    def resource(self, path: str) -> str:
        """Return the id of the resource at a path; it is created, with its parents, if it does not exist."""
        if path == "/":
            return self.root
        if path not in self.resources:
            parent, _, last = path.rpartition("/")
            created = self.sandbox.gateway.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=last
            )
            self.resources[path] = created["id"]
        return self.resources[path]

    def authorizer(self, function: Function | None = None, *, ttl: int = 0, **settings: str) -> str:
        """Add a TOKEN authorizer, or another by its settings; the default function's output is what the token says."""
        function = function or self.sandbox.function(AUTHORIZER)
        created = self.sandbox.gateway.create_authorizer(
            restApiId=self.id,
            name=f"authorizer-{next(self.sandbox.numbers)}",
            authorizerUri=function.uri,
            authorizerResultTtlInSeconds=ttl,
            **{"type": "TOKEN", "identitySource": "method.request.header.Authorization", **settings},
        )
        return created["id"]

    def method(self, method: str, path: str, *, authorizer: str | None = None, **settings: Any) -> dict[str, str]:
        """Add a method without an integration, and return the arguments that identify it."""
        names = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}
        kind = (
            {"authorizationType": "CUSTOM", "authorizerId": authorizer} if authorizer else {"authorizationType": "NONE"}
        )
        self.sandbox.gateway.put_method(**names, **kind, **settings)
        return names

    def proxy(
        self,
        function: Function | str = ECHO,
        method: str = "GET",
        path: str = "/",
        *,
        integration: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Api:
        """Add a method with a proxy integration of a function, given as an object or as its source."""
        function = self.sandbox.function(function) if isinstance(function, str) else function
        names = self.method(method, path, **settings)
        self.sandbox.gateway.put_integration(
            **names, type="AWS_PROXY", integrationHttpMethod="POST", uri=function.uri, **(integration or {})
        )
        return self

    def mock(self, request_template: str, response_template: str = "", *, method: str = "GET", path: str = "/") -> Api:
        """Add a method with a mock integration that responds with 200 or 204."""
        names = self.method(method, path)
        gateway = self.sandbox.gateway
        gateway.put_integration(**names, type="MOCK", requestTemplates={"application/json": request_template})
        for status, pattern in (("200", ""), ("204", "204")):
            gateway.put_method_response(**names, statusCode=status)
            gateway.put_integration_response(
                **names,
                statusCode=status,
                selectionPattern=pattern,
                responseTemplates={"application/json": response_template},
            )
        return self

    def respond(self, response_type: str, template: str, **settings: Any) -> Api:
        """Customise a gateway response."""
        self.sandbox.gateway.put_gateway_response(
            restApiId=self.id,
            responseType=response_type,
            responseTemplates={"application/json": template},
            **settings,
        )
        return self

    def deploy(self) -> Api:
        """Deploy the current state of the API to its stage."""
        self.sandbox.gateway.create_deployment(restApiId=self.id, stageName="test")
        return self

    def call(self, method: str = "GET", path: str = "/", *, token: object = None, **request: Any) -> httpx.Response:
        """Send a request; a token is sent as JSON, for the default authorizer."""
        headers = {**request.pop("headers", {}), **({"Authorization": json.dumps(token)} if token is not None else {})}
        url = self.sandbox.url(self.id) + path
        return self.sandbox.http.request(method, url, headers=headers, **request)


@dataclass
class HttpApi:
    """An HTTP API; its stage is `test`."""

    sandbox: Sandbox
    id: str

    @property
    def execution_arn(self) -> str:
        options = self.sandbox.emulator.options
        return f"arn:aws:execute-api:{options.region}:{options.account}:{self.id}"

    def authorizer(self, function: Function | None = None, *, ttl: int = 0, sources: tuple[str, ...] = ()) -> str:
        """Add a REQUEST authorizer; the default function returns an output that the token specifies."""
        function = function or self.sandbox.function(HTTP_AUTHORIZER)
        created = self.sandbox.http_gateway.create_authorizer(
            ApiId=self.id,
            Name=f"authorizer-{next(self.sandbox.numbers)}",
            AuthorizerType="REQUEST",
            AuthorizerUri=function.uri,
            AuthorizerPayloadFormatVersion="2.0",
            AuthorizerResultTtlInSeconds=ttl,
            IdentitySource=["$request.header.Authorization", *sources],
        )
        return created["AuthorizerId"]

    def proxy(
        self, function: Function | str = ECHO, key: str = "GET /", *, authorizer: str | None = None, **settings: Any
    ) -> HttpApi:
        """Add a route with a proxy integration of a function, given as an object or as its source."""
        function = self.sandbox.function(function) if isinstance(function, str) else function
        client = self.sandbox.http_gateway
        integration = client.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationMethod="POST", IntegrationUri=function.uri,
            PayloadFormatVersion="2.0", **settings,
        )["IntegrationId"]  # fmt: skip
        kind = {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizer} if authorizer else {}
        client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{integration}", **kind)
        return self

    def deploy(self, **stage: Any) -> HttpApi:
        """Deploy the current state of the API to its stage."""
        client = self.sandbox.http_gateway
        deployment = client.create_deployment(ApiId=self.id)["DeploymentId"]
        exists = any(each["StageName"] == "test" for each in client.get_stages(ApiId=self.id)["Items"])
        change = client.update_stage if exists else client.create_stage
        change(ApiId=self.id, StageName="test", DeploymentId=deployment, **stage)
        return self

    def call(self, method: str = "GET", path: str = "/", *, token: object = None, **request: Any) -> httpx.Response:
        """Send a request; a token is sent as JSON, for the default authorizer."""
        headers = {**request.pop("headers", {}), **({"Authorization": json.dumps(token)} if token is not None else {})}
        return self.sandbox.http.request(method, self.sandbox.url(self.id) + path, headers=headers, **request)


def eventually(condition: Callable[[], bool], *, seconds: float = 3.0) -> bool:
    """Return whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
