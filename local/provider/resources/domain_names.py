"""API Gateway: custom domain names, and their mappings to the stages of APIs of either flavour."""

from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, chosen
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags

_DOMAIN: Final = ("regionalCertificateArn", "securityPolicy", "endpointConfiguration")
_MAPPING: Final = ("apiId", "stage", "apiMappingKey")


def _domain_outputs(call: Call) -> Document:
    return {
        "arn": call.connection.arn("apigateway", f"/domainnames/{call.response['domainName']}", account=False),
        **_assigned(call.response),
    }


def _assigned(found: Document) -> Document:
    """Return the name and the zone of a domain's endpoint, to which its DNS records point."""
    return {"regionalDomainName": found["regionalDomainName"], "regionalZoneId": found["regionalHostedZoneId"]}


def _update_domain(connection: Connection, state: State, given: Properties) -> None:
    """Change a domain by the newer API, because the emulator lacks the older one's operation."""
    endpoint = given.pop_object("endpointConfiguration")
    configuration = {
        "CertificateArn": given.pop("regionalCertificateArn"),
        "SecurityPolicy": given.pop("securityPolicy", "TLS_1_2"),
        "EndpointType": endpoint.pop("types", "REGIONAL"),
        "IpAddressType": endpoint.pop("ipAddressType", "ipv4"),
    }
    connection.client("apigatewayv2").update_domain_name(DomainName=state.id, DomainNameConfigurations=[configuration])


def _read_domain(connection: Connection, state: State) -> Live:
    found = connection.client("apigateway").get_domain_name(domainName=state.id)
    endpoint = found["endpointConfiguration"]
    inputs = chosen(found, "domainName", "regionalCertificateArn", "securityPolicy", "tags")
    inputs["endpointConfiguration"] = {"types": endpoint["types"][0], **chosen(endpoint, "ipAddressType")}
    return Live(inputs=inputs, outputs=_assigned(found))


def _mapping_of(state: State) -> dict[str, str]:
    return {"DomainName": state.outputs["domainName"], "ApiMappingId": state.id}


def _update_mapping(connection: Connection, state: State, given: Properties) -> None:
    if "apiMappingKey" not in given:
        given.set("apiMappingKey", "")
    given.pop("domainName")
    changes: dict[str, Any] = parameters(connection.input_shape("apigatewayv2", "UpdateApiMapping"), given)
    connection.client("apigatewayv2").update_api_mapping(**changes, **_mapping_of(state))


def _read_mapping(connection: Connection, state: State) -> Live:
    found = connection.client("apigatewayv2").get_api_mapping(**_mapping_of(state))
    return Live(inputs={"domainName": state.outputs["domainName"], **chosen(found, *_MAPPING)})


TYPES: Final = {
    "aws:apigateway/domainName:DomainName": ResourceType(
        service="apigateway",
        operation="CreateDomainName",
        computed=_domain_outputs,
        id="domainName",
        replaces=("domainName",),
        updates=(Update(inputs=_DOMAIN, apply=_update_domain), tags("apigateway")),
        read=_read_domain,
        delete=lambda connection, state: connection.client("apigateway").delete_domain_name(domainName=state.id),
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": ResourceType(
        service="apigatewayv2",
        operation="CreateApiMapping",
        id="ApiMappingId",
        replaces=("domainName",),
        updates=(Update(inputs=_MAPPING, apply=_update_mapping),),
        read=_read_mapping,
        delete=lambda connection, state: connection.client("apigatewayv2").delete_api_mapping(**_mapping_of(state)),
    ),
}
