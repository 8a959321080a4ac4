"""The hosted zone of a stack's domain. In AWS it exists before the stack; the emulator has none at first."""

from local.provider.connection import Connection

_LABELS = 2
"""The labels of a created zone's name: `example.com` for the domain `api.example.com`."""


def require(connection: Connection, zone_id: str, domain: str) -> str:
    """Return the id of the zone in the emulator that stands for the zone with this id.

    It is the zone itself, or else one that is created once for this id and this domain.
    """
    route53 = connection.client("route53")
    try:
        route53.get_hosted_zone(Id=zone_id)
    except route53.exceptions.NoSuchHostedZone:
        pass
    else:
        return zone_id
    name = ".".join(domain.split(".")[-_LABELS:])
    zones = route53.get_paginator("list_hosted_zones").paginate().search("HostedZones[]")
    reference = f"{zone_id} {name}"
    found = next((each for each in zones if each["CallerReference"] == reference), None)
    zone = found or route53.create_hosted_zone(Name=name, CallerReference=reference)["HostedZone"]
    return zone["Id"].rpartition("/")[2]
