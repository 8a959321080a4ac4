"""Checks of a hosted zone, in a preview too: with a wrong zone, `up` would wait for a certificate in vain.

Only the zone itself is checked. Whether the domain's registrar delegates to it is not known to AWS.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import pulumi
import pulumi_aws as aws

AUTHORITIES = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
"""The names by which a CAA record can permit AWS to issue certificates (AWS, "Configure a CAA record")."""

Records = Mapping[str, Sequence[str]]
"""The values of CAA records by name."""


class UnusableZone(pulumi.RunError):
    """The hosted zone cannot hold the domain, or prevents its certificate. The message says why."""


def require_usable(host: str, zone_id: str, parent: pulumi.Resource) -> None:
    """Let the program fail with UnusableZone if there is a mistake that the zone shows."""
    opts = pulumi.InvokeOptions(parent=parent)
    names = "|".join(map(re.escape, _with_parents(host)))
    zone = aws.route53.get_zone_output(zone_id=zone_id, opts=opts)
    records = aws.route53.get_records_output(zone_id=zone_id, name_regex=rf"^({names})\.$", opts=opts)

    caa = records.resource_record_sets.apply(_caa)

    def check(name: str, is_private: bool | None, caa: Records) -> None:
        for problem in zone_problems(host, zone_id, name, caa, is_private=bool(is_private)):
            raise UnusableZone(problem)

    pulumi.Output.all(zone.name, zone.private_zone, caa).apply(lambda found: check(*found))


def _caa(sets: Sequence[aws.route53.outputs.GetRecordsResourceRecordSetResult]) -> Records:
    return {each.name: [record.value for record in each.resource_records] for each in sets if each.type == "CAA"}


def zone_problems(host: str, zone_id: str, zone: str, caa: Records, *, is_private: bool) -> Iterator[str]:
    """Yield a line for each mistake. Names of the zone and of records may end with a dot."""
    zone = zone.removesuffix(".")
    if is_private:
        yield f"gatehouse:domain.zoneId: {zone_id} ({zone}) must be a public hosted zone"
    if zone not in _with_parents(host):
        yield f"gatehouse:domain.zoneId: {zone_id} ({zone}) must be the hosted zone of {host}"
    issuers = _issuers(host, caa)
    if issuers and not issuers & AUTHORITIES:
        allowed = ", ".join(sorted(issuers))
        yield (
            f"gatehouse:domain.zoneId: a CAA record in {zone} lets only {allowed} issue certificates; "
            f'for {host}, add 0 issue "amazon.com"'
        )


def _issuers(host: str, caa: Records) -> set[str]:
    """Return who may issue certificates for a host; empty if anyone may.

    The closest name with CAA records decides (RFC 8659 §3). Parameters after a semicolon are ignored.
    """
    by_name = {name.removesuffix("."): values for name, values in caa.items()}
    closest = next((by_name[name] for name in _with_parents(host) if name in by_name), ())
    found = (re.fullmatch(r'\d+ issue "?([^";]*);?[^"]*"?', value.strip()) for value in closest)
    return {match[1].strip() or "nobody" for match in found if match}


def _with_parents(host: str) -> list[str]:
    """Return the names of a host and of its parents, up to the root, whose name is empty."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) + 1)]
