"""Small hand-made APIs on a running emulator: one function, one authorizer, one method at a time."""

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

# Answers with what the token says: {"policy": {...}} overrides parts of a policy that allows everything.
AUTHORIZER = """
import json

def handler(event, context):
    wish = json.loads(event["authorizationToken"])
    if "raise" in wish:
        raise Exception(wish["raise"])
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    output = {"principalId": "someone", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return {**output, **wish}
"""

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


def answering(answer: str) -> str:
    """The source of a function that returns this Python expression."""
    return f"def handler(event, context):\n    return {answer}\n"


@dataclass(frozen=True)
class Function:
    """A deployed function."""

    name: str
    arn: str
    region: str

    @property
    def uri(self) -> str:
        return f"arn:aws:apigateway:{self.region}:lambda:path/2015-03-31/functions/{self.arn}/invocations"


@dataclass
class Sandbox:
    """A running emulator, its clients, and a counter that gives every function a name of its own."""

    emulator: Emulator
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.gateway = self.client("apigateway")
        self.functions = self.client("lambda")
        self.logs = self.client("logs")
        policy = {"Version": "2012-10-17", "Statement": []}
        self.role = self.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policy))
        self.http = httpx.Client(timeout=10)

    def close(self) -> None:
        self.http.close()
        for client in (self.gateway, self.functions, self.logs):
            client.close()

    def client(self, service: str) -> Any:
        keys = self.emulator.credentials
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint_url,
            region_name=self.emulator.options.region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=2),
        )

    def function(self, source: str, *, permit: bool = True, **settings: Any) -> Function:
        """Deploy a function from the source of its one module."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", source)
        name = f"function-{next(self.numbers)}"
        made = self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role["Role"]["Arn"],
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
            **settings,
        )
        function = Function(name, made["FunctionArn"], self.emulator.options.region)
        if permit:
            self.permit(function)
        return function

    def permit(self, function: Function, source_arn: str | None = None) -> None:
        """Let API Gateway invoke the function, from one source or from any."""
        self.functions.add_permission(
            FunctionName=function.name,
            StatementId=f"statement-{next(self.numbers)}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            **({"SourceArn": source_arn} if source_arn else {}),
        )

    def invoke(self, function: Function, event: object = None) -> Any:
        """Run the function and return what it answered."""
        return json.load(self.functions.invoke(FunctionName=function.name, Payload=json.dumps(event))["Payload"])

    def functions_log(self) -> str:
        """What all functions have printed so far."""
        log = self.emulator.options.functions_log
        return log.read_text() if log.exists() else ""

    def api(self, **settings: Any) -> Api:
        """Make an empty API."""
        made = self.gateway.create_rest_api(name="sandbox", **settings)
        return Api(self, made["id"], made["rootResourceId"])


@dataclass
class Api:
    """A REST API in the making; its stage is `test`."""

    sandbox: Sandbox
    id: str
    root: str
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def execution_arn(self) -> str:
        options = self.sandbox.emulator.options
        return f"arn:aws:execute-api:{options.region}:{options.account}:{self.id}"

    def resource(self, path: str) -> str:
        """The id of the resource at a path, made with its parents."""
        if path == "/":
            return self.root
        if path not in self.resources:
            parent, _, last = path.rpartition("/")
            made = self.sandbox.gateway.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=last
            )
            self.resources[path] = made["id"]
        return self.resources[path]

    def authorizer(self, function: Function | None = None, *, ttl: int = 0) -> str:
        """Add a TOKEN authorizer; without a function, one whose token says what it answers."""
        function = function or self.sandbox.function(AUTHORIZER)
        made = self.sandbox.gateway.create_authorizer(
            restApiId=self.id,
            name=f"authorizer-{next(self.sandbox.numbers)}",
            type="TOKEN",
            authorizerUri=function.uri,
            identitySource="method.request.header.Authorization",
            authorizerResultTtlInSeconds=ttl,
        )
        return made["id"]

    def method(self, method: str, path: str, *, authorizer: str | None = None, **settings: Any) -> dict[str, str]:
        """Add a method without an integration, and return what names it."""
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
        """Add a method that a function answers, given as such or by its source."""
        function = self.sandbox.function(function) if isinstance(function, str) else function
        names = self.method(method, path, **settings)
        self.sandbox.gateway.put_integration(
            **names, type="AWS_PROXY", integrationHttpMethod="POST", uri=function.uri, **(integration or {})
        )
        return self

    def mock(self, request_template: str, response_template: str = "", *, method: str = "GET", path: str = "/") -> Api:
        """Add a method that its two mapping templates answer, with 200 or 204."""
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
        """Make what there is now live."""
        self.sandbox.gateway.create_deployment(restApiId=self.id, stageName="test")
        return self

    def call(self, method: str = "GET", path: str = "/", *, token: object = None, **request: Any) -> httpx.Response:
        """Send a request; a token goes as JSON, for the authorizer that does as it says."""
        headers = {**request.pop("headers", {}), **({"Authorization": json.dumps(token)} if token is not None else {})}
        url = self.sandbox.emulator.invoke_url(self.id, "test") + path
        return self.sandbox.http.request(method, url, headers=headers, **request)


def eventually(condition: Callable[[], bool], *, seconds: float = 3.0) -> bool:
    """Whether the condition holds within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
