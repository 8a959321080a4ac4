"""Route 53: records of hosted zones."""

import re
from collections.abc import Mapping
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live
from local.provider.properties import Properties
from local.provider.resource_type import Call, ResourceType, Update
from local.provider.state import Document, State

_VALUES: Final = ("ttl", "records", "aliases")


def find_zone(connection: Connection, args: Mapping[str, Any]) -> Document:
    """Return the result of `aws.route53.get_zone` for an id. Raises UnsupportedInputError for other arguments."""
    arguments = Properties(args)
    found = connection.client("route53").get_hosted_zone(Id=arguments.pop("zoneId"))["HostedZone"]
    arguments.require_all_used()
    zone = found["Id"].rpartition("/")[2]
    return {
        "id": zone,
        "zoneId": zone,
        "name": found["Name"].removesuffix("."),
        "privateZone": found["Config"]["PrivateZone"],
    }


def find_records(connection: Connection, args: Mapping[str, Any]) -> Document:
    """Return the result of `aws.route53.get_records`: those whose names match a regular expression."""
    arguments = Properties(args)
    zone, pattern = arguments.pop("zoneId"), arguments.pop("nameRegex", "")
    arguments.require_all_used()
    pages = connection.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    found = [
        {
            "name": each["Name"],
            "type": each["Type"],
            "ttl": each.get("TTL", 0),
            "resourceRecords": [{"value": record["Value"]} for record in each.get("ResourceRecords", ())],
        }
        for page in pages
        for each in page["ResourceRecordSets"]
        if re.search(pattern, each["Name"])
    ]
    return {"id": zone, "zoneId": zone, "nameRegex": pattern, "resourceRecordSets": found}


def _record_set(given: Properties) -> Document:
    """Return a record set as Route 53 describes it."""
    found: Document = {"Name": given.pop("name"), "Type": given.pop("type")}
    if "ttl" in given:  # not for an alias; the values are unknown in a preview
        found |= {"TTL": int(given.pop("ttl"))}
    if "records" in given:
        found |= {"ResourceRecords": [{"Value": each} for each in given.pop("records")]}
    for alias in given.pop_objects("aliases"):
        found["AliasTarget"] = {
            "DNSName": alias.pop("name"),
            "HostedZoneId": alias.pop("zoneId"),
            "EvaluateTargetHealth": alias.pop("evaluateTargetHealth"),
        }
    return found


def _changes(action: str, record_set: Document) -> Document:
    return {"ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": record_set}]}}


def _outputs(call: Call) -> Document:
    created = call.parameters["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]
    name = created["Name"].removesuffix(".")
    return {"id": f"{call.parameters['HostedZoneId']}_{name}_{created['Type']}", "fqdn": name}


def _change(connection: Connection, action: str, values: Document) -> None:
    given = Properties(values)
    zone = given.pop("zoneId")
    connection.client("route53").change_resource_record_sets(HostedZoneId=zone, **_changes(action, _record_set(given)))


def _find(connection: Connection, state: State) -> dict[str, Any] | None:
    """Return the record set as Route 53 describes it, or None."""
    name, kind = state.outputs["name"].removesuffix("."), state.outputs["type"]
    found = connection.client("route53").list_resource_record_sets(
        HostedZoneId=state.outputs["zoneId"], StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )["ResourceRecordSets"]
    return next((each for each in found if (each["Name"].removesuffix("."), each["Type"]) == (name, kind)), None)


def _read(connection: Connection, state: State) -> Live | None:
    found = _find(connection, state)
    if found is None:
        return None
    inputs: Document = {name: state.outputs[name] for name in ("zoneId", "name", "type")}
    inputs |= {"ttl": found.get("TTL"), "records": [each["Value"] for each in found.get("ResourceRecords", ())]}
    if alias := found.get("AliasTarget"):
        target = {"name": alias["DNSName"].removesuffix("."), "zoneId": alias["HostedZoneId"]}
        inputs["aliases"] = [target | {"evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
    return Live(inputs=inputs)


def _update(connection: Connection, state: State, given: Properties) -> None:
    values = given.pop_many("zoneId", "name", "type", *_VALUES)
    _change(connection, "UPSERT", values or state.inputs)


def _delete(connection: Connection, state: State) -> None:
    """Delete a record, whose present values Route 53 requires. A missing one is ignored."""
    found = _find(connection, state)
    if found is not None:
        connection.client("route53").change_resource_record_sets(
            HostedZoneId=state.outputs["zoneId"], **_changes("DELETE", found)
        )


TYPES: Final = {
    "aws:route53/record:Record": ResourceType(
        service="route53",
        operation="ChangeResourceRecordSets",
        renames={"HostedZoneId": "zoneId"},
        convert=lambda given: _changes("CREATE", _record_set(given)),
        computed=_outputs,
        id="HostedZoneId",
        replaces=("zoneId", "name", "type"),
        updates=(Update(inputs=_VALUES, apply=_update),),
        read=_read,
        delete=_delete,
    ),
}
