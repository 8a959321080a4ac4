"""AWS Certificate Manager: certificates and their validation, which the emulator does at once."""

from typing import Any, Final, cast

from local.provider.connection import Connection
from local.provider.live import Live, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State


def _describe(connection: Connection, arn: str) -> dict[str, Any]:
    return connection.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]


def _options(found: dict[str, Any]) -> list[Document]:
    """Return the DNS records that prove that the domains are the account's."""
    return [
        {
            "domainName": each["DomainName"],
            "resourceRecordName": each["ResourceRecord"]["Name"],
            "resourceRecordType": each["ResourceRecord"]["Type"],
            "resourceRecordValue": each["ResourceRecord"]["Value"],
        }
        for each in found["DomainValidationOptions"]
    ]


def _outputs(call: Call) -> Document:
    arn = call.response["CertificateArn"]
    return {"arn": arn, "domainValidationOptions": _options(_describe(call.connection, arn))}


def _read(connection: Connection, state: State) -> Live:
    found = _describe(connection, state.id)
    pairs = connection.client("acm").list_tags_for_certificate(CertificateArn=state.id)["Tags"]
    return Live(
        inputs={
            "domainName": found["DomainName"],
            "validationMethod": found["DomainValidationOptions"][0]["ValidationMethod"],
            "tags": tags_of(pairs),
        },
        outputs={"arn": state.id, "domainValidationOptions": _options(found)},
    )


def _update_tags(connection: Connection, state: State, given: Properties) -> None:
    client = connection.client("acm")
    old, new = (cast("dict[str, str]", tags or {}) for tags in (state.inputs.get("tags"), given.pop("tags")))
    if removed := [{"Key": key} for key in old if key not in new]:
        client.remove_tags_from_certificate(CertificateArn=state.id, Tags=removed)
    if new:
        tags = [{"Key": key, "Value": value} for key, value in new.items()]
        client.add_tags_to_certificate(CertificateArn=state.id, Tags=tags)


def _validated(call: Call) -> Document:
    """Return the validation's id. Raises ValueError if the certificate is not issued."""
    status = call.response["Certificate"]["Status"]
    if status != "ISSUED":
        raise ValueError(f"the certificate is {status}")
    return {"id": call.parameters["CertificateArn"]}


def _read_validation(connection: Connection, state: State) -> Live:
    _describe(connection, state.id)
    return Live(inputs={"certificateArn": state.id})


TYPES: Final = {
    "aws:acm/certificate:Certificate": ResourceType(
        service="acm",
        operation="RequestCertificate",
        computed=_outputs,
        id="CertificateArn",
        replaces=("domainName", "validationMethod"),
        updates=(Update(inputs=("tags",), apply=_update_tags),),
        read=_read,
        delete=lambda connection, state: connection.client("acm").delete_certificate(CertificateArn=state.id),
    ),
    "aws:acm/certificateValidation:CertificateValidation": ResourceType(
        service="acm",
        operation="DescribeCertificate",
        computed=_validated,
        id="CertificateArn",
        ignored=("validationRecordFqdns",),
        replaces=("certificateArn", "validationRecordFqdns"),
        read=_read_validation,
        delete=lambda _connection, _state: None,  # nothing exists that could be deleted
    ),
}
