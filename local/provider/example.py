"""Providers of plans, which create nothing.

A plan shows values that AWS assigns as unknown, and with them every policy and the API's document. With
`ExampleProvider` they are those of an example account, so that both can be read.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, cast

from local.provider.aws import Provider
from local.provider.lookups import look_up
from local.provider.partitions import partition_of
from local.provider.state import Document, Failure, State

ACCOUNT: Final = "123456789012"
"""The account of AWS's own examples."""

_CALLS: Final = "{region}:lambda:path/2015-03-31/functions"
_LAMBDA: Final = {
    "arn": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
}
_API: Final = {"executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}"}

OUTPUTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:acm/certificate:Certificate": {
        "arn": "arn:{partition}:acm:{region}:{account}:certificate/{id}",
        "id": "{arn}",
        "domainValidationOptions": [
            {
                "domainName": "{domainName}",
                "resourceRecordName": "_{name}.{domainName}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_{name}.acm-validations.aws.",
            }
        ],
    },
    "aws:apigateway/domainName:DomainName": {
        "id": "{domainName}",
        "arn": "arn:{partition}:apigateway:{region}::/domainnames/{domainName}",
        "regionalDomainName": "d-{name}.execute-api.{region}.{suffix}",
        "regionalZoneId": "Z1UJRXOUMOOFQ8",
    },
    "aws:apigateway/restApi:RestApi": {
        "arn": "arn:{partition}:apigateway:{region}::/restapis/{id}",
        **_API,
    },
    "aws:apigateway/stage:Stage": {
        "id": "ags-{restApi}-{stageName}",
        "arn": "arn:{partition}:apigateway:{region}::/restapis/{restApi}/stages/{stageName}",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{restApi}/{stageName}",
        "invokeUrl": "https://{restApi}.execute-api.{region}.{suffix}/{stageName}",
    },
    "aws:apigatewayv2/api:Api": {
        "arn": "arn:{partition}:apigateway:{region}::/apis/{id}",
        **_API,
        "apiEndpoint": "https://{id}.execute-api.{region}.{suffix}",
    },
    "aws:apigatewayv2/stage:Stage": {
        "arn": "arn:{partition}:apigateway:{region}::/apis/{apiId}/stages/{name}",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{name}",
        "invokeUrl": "https://{apiId}.execute-api.{region}.{suffix}/{name}",
    },
    "aws:cloudwatch/logGroup:LogGroup": {
        "id": "{name}",
        "arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    },
    "aws:backup/vault:Vault": {"id": "{name}", "arn": "arn:{partition}:backup:{region}:{account}:backup-vault:{name}"},
    "aws:cognito/userPool:UserPool": {
        "id": "{region}_{id}",
        "arn": "arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}",
        "endpoint": "cognito-idp.{region}.{suffix}/{id}",
    },
    "aws:cognito/userPoolClient:UserPoolClient": {"clientSecret": "{id}{id}{id}"},
    "aws:dynamodb/table:Table": {"id": "{name}", "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{name}"},
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
        "arn": "arn:{partition}:iam::{account}:oidc-provider/{host}",
        "id": "{arn}",
    },
    "aws:iam/policy:Policy": {"arn": "arn:{partition}:iam::{account}:policy{path}{name}", "id": "{arn}"},
    "aws:iam/role:Role": {"id": "{name}", "arn": "arn:{partition}:iam::{account}:role{path}{name}"},
    "aws:kms/alias:Alias": {"id": "{name}", "arn": "arn:{partition}:kms:{region}:{account}:{name}"},
    "aws:kms/key:Key": {"keyId": "{id}", "arn": "arn:{partition}:kms:{region}:{account}:key/{id}"},
    "aws:s3/bucket:Bucket": {"id": "{bucket}", "arn": "arn:{partition}:s3:::{bucket}"},
    "aws:route53/record:Record": {"fqdn": "{name}"},
    "aws:lambda/alias:Alias": {
        "arn": "arn:{partition}:lambda:{region}:{account}:function:{functionName}:{name}",
        "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
    },
    "aws:lambda/function:Function": {
        "id": "{name}",
        **_LAMBDA,
        "version": "1",
        "qualifiedArn": "{arn}:1",
        "qualifiedInvokeArn": f"arn:{{partition}}:apigateway:{_CALLS}/{{arn}}:1/invocations",
    },
    "aws:lambda/layerVersion:LayerVersion": {
        "layerArn": "arn:{partition}:lambda:{region}:{account}:layer:{layerName}",
        "arn": "{layerArn}:1",
        "version": "1",
    },
}
"""How the outputs of each type follow from its inputs, in this order. Other types have an ARN of the usual form."""


class Planner(Provider):
    """A provider for plans, which may contain any type."""

    def check(self, type_: str, inputs: Document) -> list[Failure]:  # noqa: ARG002 - the interface of providers
        """Accept everything."""
        return []


class ExampleProvider(Planner):
    """Answers as AWS would in an example account. The ids depend on nothing but a resource's type and name."""

    def __init__(self, region: str | None) -> None:
        super().__init__(None, region=region)
        partition = partition_of(region)
        place = {"partition": partition.name, "suffix": partition.dns_suffix}
        self._place = {"region": region or "", "account": ACCOUNT, **place}

    def create(self, type_: str, name: str, inputs: Document) -> State:
        """Return the resource as if it had been created."""
        id_ = hashlib.sha256(f"{type_} {name}".encode()).hexdigest()[:10]
        service, kind = type_.split(":")[1].split("/")
        generic = {"arn": f"arn:{{partition}}:{service}:{{region}}:{{account}}:{kind}/{{name}}", "value": id_ * 2}
        values: dict[str, Any] = {"id": id_, "name": f"{name}-{id_[:7]}", "path": "/", **self._place, **inputs}
        values["host"] = str(values.get("url", "")).removeprefix("https://")
        outputs: Document = {}
        for output, form in OUTPUTS.get(type_, generic).items():
            values[output] = outputs[output] = inputs.get(output) or _filled(form, values)
        return State(id=values["id"], inputs=inputs, outputs={"name": values["name"], **inputs, **outputs})

    def invoke(self, token: str, args: Document) -> Document | None:
        """Return the result of a provider function in the example account."""
        return look_up(token, args, region=self._place["region"], account=ACCOUNT)


def _filled(form: Any, values: Mapping[str, Any]) -> Any:
    """Return a text with values in place of their names, or a list or map of such texts."""
    match form:
        case str():
            return form.format_map(values)
        case list():
            return [_filled(each, values) for each in cast("list[Any]", form)]
        case _:
            return {name: _filled(each, values) for name, each in form.items()}
