"""A custom domain of a running stack: its URL and its DNS, through changes of the flavour until it is removed again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from infra.packaging.bundles import ROOT
from local import deploy
from local.deploy import Engine
from local.engine import DeploymentError
from local.issuer import TokenRequest
from local.provider import Provider
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import ALL_SCOPES, two_free_ports

DOMAIN = "api.example.test"
DEFAULT_ENDPOINT: Mapping[str, tuple[int, Any]] = {
    "rest": (403, {"message": "Forbidden"}),
    "http": (404, {"message": "Not Found"}),
}
"""What a disabled default endpoint answers."""


@dataclass(frozen=True)
class DomainStack:
    """A running stack, without a domain at first, and a hosted zone for one."""

    options: StackOptions
    running: RunningStack
    http: httpx.Client
    zone: str

    def client(self, service: str) -> Any:
        return Provider(self.running.emulator.endpoint_url).connection.client(service)

    def up(self, **settings: Any) -> Mapping[str, Any]:
        """Deploy the stack with these settings, whose names have `_` for `.`, and return its exports."""
        given = {name.replace("_", "."): value for name, value in settings.items()}
        target = replace(self.options, settings=given).target(self.running.emulator.endpoint_url)
        deploy.up(self.options.engine, target)
        return target.exports()

    def call(self, method: str, path: str, *, signed_in: bool = True, **request: Any) -> httpx.Response:
        """Send a request to the domain."""
        token = self.running.issuer.token(TokenRequest(subject="ann", scope=ALL_SCOPES))
        headers = {"Host": DOMAIN, **({"Authorization": f"Bearer {token}"} if signed_in else {})}
        return self.http.request(method, f"{self.running.emulator.endpoint_url}{path}", headers=headers, **request)

    def default_url(self, flavour: str) -> str:
        """Return the URL that API Gateway gives the stage itself."""
        of_rest = flavour == "rest"
        apis = self.client("apigateway").get_rest_apis()["items"] if of_rest else ()
        api = apis[0]["id"] if apis else self.client("apigatewayv2").get_apis()["Items"][0]["ApiId"]
        return f"{self.running.emulator.endpoint_url}/_aws/execute-api/{api}/local"

    def records(self) -> dict[tuple[str, str], Any]:
        """Return the zone's records by name and type, without those that every zone has."""
        found = self.client("route53").list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {(each["Name"], each["Type"]): each for each in found if each["Type"] not in ("NS", "SOA")}


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainStack]:
    options = StackOptions(root=ROOT, state=tmp_path_factory.mktemp("state"), port=two_free_ports(), engine=engine)
    with running_stack(options, lambda _: None, lambda _: None) as running, httpx.Client(timeout=30) as http:
        route53 = Provider(running.emulator.endpoint_url).connection.client("route53")
        zone = route53.create_hosted_zone(Name="example.test", CallerReference="test")["HostedZone"]["Id"]
        yield DomainStack(options, running, http, zone.rpartition("/")[2])


def test_the_api_is_reached_at_its_domain_through_changes_of_the_flavour(stack: DomainStack) -> None:
    assert stack.http.get(f"{stack.default_url('rest')}/items").status_code == 401
    domains = list[Any]()
    for flavour in ("rest", "http", "rest"):
        exports = stack.up(
            domain_name=DOMAIN, domain_zoneId=stack.zone, domain_basePath="v1", api_flavour=flavour,
            waf_enabled=flavour == "rest",
        )  # fmt: skip
        assert exports["url"] == f"https://{DOMAIN}/v1"
        assert stack.call("GET", "/v1/items", signed_in=False).status_code == 401
        created = stack.call("POST", "/v1/items", json={"name": flavour})
        location = urljoin(f"https://{DOMAIN}/v1/items", created.headers["Location"])
        assert (created.status_code, location) == (201, f"https://{DOMAIN}/v1/items/{created.json()['id']}")
        assert stack.call("GET", location.removeprefix(f"https://{DOMAIN}")).json() == created.json()
        assert stack.call("GET", "/items").status_code in (403, 404)
        answer = stack.http.get(f"{stack.default_url(flavour)}/items")
        assert (answer.status_code, answer.json()) == DEFAULT_ENDPOINT[flavour]
        domains.append(stack.client("apigateway").get_domain_name(domainName=DOMAIN))
    assert domains[0] | {"ResponseMetadata": None} == domains[2] | {"ResponseMetadata": None}
    assert len(stack.call("GET", "/v1/items").json()["items"]) == 3


def test_the_certificate_is_proven_and_the_domain_points_to_api_gateway(stack: DomainStack) -> None:
    stack.up(domain_name=DOMAIN, domain_zoneId=stack.zone)
    domain = stack.client("apigateway").get_domain_name(domainName=DOMAIN)
    assert domain["securityPolicy"] == "TLS_1_2"
    assert domain["endpointConfiguration"]["ipAddressType"] == "dualstack"
    certificate = stack.client("acm").describe_certificate(CertificateArn=domain["regionalCertificateArn"])
    (proof,) = certificate["Certificate"]["DomainValidationOptions"]
    proven = proof["ResourceRecord"]
    records = stack.records()
    assert records.pop((proven["Name"], "CNAME"))["ResourceRecords"] == [{"Value": proven["Value"]}]
    assert set(records) == {(f"{DOMAIN}.", "A"), (f"{DOMAIN}.", "AAAA")}
    targets = {each["AliasTarget"]["DNSName"].removesuffix(".") for each in records.values()}
    assert targets == {domain["regionalDomainName"]}
    (api,) = stack.client("apigateway").get_rest_apis()["items"]
    assert (api["disableExecuteApiEndpoint"], api["endpointAccessMode"]) == (True, "BASIC")
    assert api["securityPolicy"].startswith("SecurityPolicy_TLS13_1_2")


def test_a_firewall_is_associated_with_the_stage_of_a_rest_api(stack: DomainStack) -> None:
    stack.up(waf_enabled=True)
    (api,) = stack.client("apigateway").get_rest_apis()["items"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}/stages/local"
    acl = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
    assert [rule["Name"] for rule in acl["Rules"]] == [
        "rate-limit", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    ]  # fmt: skip
    assert acl["VisibilityConfig"]["SampledRequestsEnabled"] is False
    log = stack.client("wafv2").get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    assert log["LogDestinationConfigs"] == [
        "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-gatehouse-local-waf"
    ]
    headers = [{"SingleHeader": {"Name": name}} for name in ("authorization", "cookie", "x-api-key")]
    assert log["RedactedFields"] == [{"QueryString": {}}, *headers]
    protected = [each["Field"] for each in acl["DataProtectionConfig"]["DataProtections"]]
    assert {"FieldType": "QUERY_STRING"} in protected


def test_a_mistake_in_the_zone_is_reported_with_the_setting(stack: DomainStack) -> None:
    if stack.options.engine is Engine.PULUMI:
        pytest.skip("the Pulumi CLI prints the program's error instead of raising it")
    with pytest.raises(DeploymentError, match=r"Z\w+ \(example\.test\) must be the hosted zone of api\.example\.com"):
        stack.up(domain_name="api.example.com", domain_zoneId=stack.zone)
    only = {"Name": "example.test", "Type": "CAA", "TTL": 60, "ResourceRecords": [{"Value": '0 issue "other.test"'}]}
    for action in ("CREATE", "DELETE"):
        changes = [{"Action": action, "ResourceRecordSet": only}]
        route53 = stack.client("route53")
        route53.change_resource_record_sets(HostedZoneId=stack.zone, ChangeBatch={"Changes": changes})
        if action == "CREATE":
            with pytest.raises(DeploymentError, match=r"lets only other\.test issue certificates"):
                stack.up(domain_name=DOMAIN, domain_zoneId=stack.zone)


def test_a_zone_that_the_emulator_lacks_is_created_once(stack: DomainStack) -> None:
    def zones() -> list[str]:
        return sorted(each["Name"] for each in stack.client("route53").list_hosted_zones()["HostedZones"])

    before = zones()
    for host in ("api.example.org", "other.api.example.org"):
        stack.up(domain_name=host, domain_zoneId="Z0EXAMPLE")
        assert zones() == sorted([*before, "example.org."])


def test_a_domain_with_a_certificate_and_without_a_zone_needs_no_records(stack: DomainStack) -> None:
    arn = "arn:aws:acm:us-east-1:000000000000:certificate/1"
    exports = stack.up(domain_name=DOMAIN, domain_certificateArn=arn)
    assert stack.records() == {}
    assert stack.call("GET", "/items").status_code == 200
    assert (
        exports["domainTarget"] == stack.client("apigateway").get_domain_name(domainName=DOMAIN)["regionalDomainName"]
    )


def test_a_removed_domain_leaves_nothing_and_the_default_endpoint_answers_again(stack: DomainStack) -> None:
    stack.up(domain_name=DOMAIN, domain_zoneId=stack.zone)
    exports = stack.up()
    assert exports["url"] == stack.default_url("rest")
    assert stack.http.get(f"{exports['url']}/items").status_code == 401
    assert stack.records() == {}
    assert stack.client("apigateway").get_domain_names()["items"] == []
    assert stack.client("acm").list_certificates()["CertificateSummaryList"] == []
    assert stack.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"] == []
