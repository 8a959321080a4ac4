"""A custom domain for an API of either flavour: its certificate, its DNS records, and the mapping to the API's stage.

A domain is the same resource for both flavours, and a mapping of API Gateway's second version accepts REST APIs too:
when the flavour changes, the domain stays, and the mapping leads to the new API before the old one is deleted.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi
from infra.edge.domain_settings import DomainSettings
from infra.edge.hosted_zone import require_usable
from infra.naming import Names

TLS = "TLS_1_2"
"""TLS 1.2 and 1.3, the only policy of domains to which HTTP APIs can be mapped.

Source: AWS, "Choose a security policy for your custom domain in API Gateway".
"""


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """The settings of the domain, and the stage that it leads to."""

    names: Names
    domain: DomainSettings
    api: RestApi | HttpApi

    @property
    def host(self) -> str:
        """The domain, or the subdomain of it that belongs to a branch stack. Raises ValueError if there is none."""
        if self.domain.name is None:
            raise ValueError("the stack has no domain")
        return self.names.domain(self.domain.name)


class Domain(pulumi.ComponentResource):
    """A custom domain that leads to a stage.

    `url` is the API's URL, and `target` the name to which the domain's DNS records point.
    """

    def __init__(self, name: str, args: DomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:Domain", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        certificate = args.domain.certificate_arn or self._certificate(name, args.domain.zone_id or "")
        created = self._domain(name, certificate)
        self._mapping(name, created)
        if args.domain.zone_id is not None:
            require_usable(args.host, args.domain.zone_id, self)
            self._records(name, args.domain.zone_id, created)
        self.url = args.domain.url(args.host)
        self.target = created.regional_domain_name
        self.register_outputs({"url": self.url, "target": self.target})

    def _certificate(self, name: str, zone_id: str) -> pulumi.Output[str]:
        """Create a certificate, prove with a DNS record that the domain is the zone's, and wait until it is issued."""
        certificate = aws.acm.Certificate(
            name, domain_name=self.args.host, validation_method="DNS", opts=self.child_opts
        )
        proof = certificate.domain_validation_options[0]
        # It never overwrites a record: one that exists proves another certificate for the domain, which needs it too.
        record = aws.route53.Record(
            f"{name}-validation",
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            opts=self.child_opts,
        )
        validation = aws.acm.CertificateValidation(
            name, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=self.child_opts
        )
        return validation.certificate_arn

    def _domain(self, name: str, certificate: pulumi.Input[str]) -> aws.apigateway.DomainName:
        return aws.apigateway.DomainName(
            name,
            domain_name=self.args.host,
            regional_certificate_arn=certificate,
            security_policy=TLS,
            endpoint_configuration=aws.apigateway.DomainNameEndpointConfigurationArgs(
                types="REGIONAL", ip_address_type="dualstack"
            ),
            opts=self.child_opts,
        )

    def _mapping(self, name: str, created: aws.apigateway.DomainName) -> None:
        aws.apigatewayv2.ApiMapping(
            name,
            domain_name=created.domain_name,
            api_id=self.args.api.api_id,
            stage=self.args.api.stage_name,
            api_mapping_key=self.args.domain.base_path,
            opts=self.child_opts,
        )

    def _records(self, name: str, zone_id: str, created: aws.apigateway.DomainName) -> None:
        """Point the domain to API Gateway, for IPv4 and IPv6."""
        target = aws.route53.RecordAliasArgs(
            name=created.regional_domain_name, zone_id=created.regional_zone_id, evaluate_target_health=False
        )
        for suffix, kind in (("ipv4", "A"), ("ipv6", "AAAA")):
            aws.route53.Record(
                f"{name}-{suffix}",
                zone_id=zone_id,
                name=self.args.host,
                type=kind,
                aliases=[target],
                opts=self.child_opts,
            )
