"""Mistakes of domains and hosted zones, and where created items are at a domain."""

from typing import Any
from urllib.parse import urljoin

import pytest

from handlers.create import location
from handlers.http import Request
from infra.edge.domain_settings import DomainSettings
from infra.edge.hosted_zone import zone_problems
from infra.naming import Names

HOST = "api.example.com"
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
AMAZON = '0 issue "amazon.com; policy=x"'
OTHER = '0 issue "letsencrypt.org"'


def problems(zone: str = "example.com.", *, is_private: bool = False, **caa: list[str]) -> str:
    records = {f"{name.replace('_', '.')}.": values for name, values in caa.items()}
    return "\n".join(zone_problems(HOST, "Z1", zone, records, is_private=is_private))


class TestHostedZones:
    @pytest.mark.parametrize("zone", ["example.com.", "example.com", "api.example.com."])
    def test_the_zone_of_a_parent_or_of_the_domain_is_accepted(self, zone: str) -> None:
        assert problems(zone) == ""

    @pytest.mark.parametrize("zone", ["example.org.", "ple.com.", "dev.example.com.", "x.api.example.com."])
    def test_another_zone_is_rejected_with_its_name(self, zone: str) -> None:
        assert problems(zone) == (
            f"gatehouse:domain.zoneId: Z1 ({zone.removesuffix('.')}) must be the hosted zone of api.example.com"
        )

    def test_a_private_zone_is_rejected(self) -> None:
        assert problems(is_private=True).endswith("Z1 (example.com) must be a public hosted zone")

    def test_records_that_exclude_amazon_are_rejected_with_whom_they_allow(self) -> None:
        assert "lets only letsencrypt.org issue" in problems(example_com=[OTHER, '0 iodef "mailto:a@example.com"'])
        assert "lets only nobody issue" in problems(example_com=['0 issue ";"'])

    @pytest.mark.parametrize(
        "caa",
        [
            {"example_com": [AMAZON]},
            {"example_com": [OTHER, "0 issue awstrust.com"]},
            {"example_com": [OTHER], "api_example_com": [AMAZON]},
            {"example_com": ['0 issuewild "letsencrypt.org"']},
            {"www_example_com": [OTHER]},
        ],
    )
    def test_the_closest_name_with_records_decides_and_only_about_this_domain(self, caa: dict[str, Any]) -> None:
        assert problems(**caa) == ""

    def test_the_closest_name_may_be_the_domain(self) -> None:
        assert problems(example_com=[AMAZON], api_example_com=[OTHER])


class TestSettings:
    @pytest.mark.parametrize(("region", "count"), [("eu-west-1", 0), ("us-east-1", 1), (None, 0)])
    def test_a_certificate_is_in_the_region_of_the_stack(self, region: str | None, count: int) -> None:
        settings = DomainSettings(name=HOST, certificate_arn=ARN)
        found = list(settings.deployment_problems(Names("gatehouse", "dev"), region))
        assert len(found) == count
        assert all("must be in the stack's region, us-east-1 (found: eu-west-1)" in each for each in found)

    def test_a_branch_has_a_subdomain_that_a_certificate_can_contain(self) -> None:
        names = Names("gatehouse", "dev-pr-12", "pr-12")
        fits, exceeds = (DomainSettings(name=f"{'a' * length}.example", zone_id="Z1") for length in (50, 51))
        assert list(fits.deployment_problems(names, None)) == []
        assert "must have at most 64 characters" in next(exceeds.deployment_problems(names, None))

    @pytest.mark.parametrize("branch", ["PR_12", "Fix", "a_b", "x-", "-x", "ä"])
    def test_a_branch_that_no_domain_name_can_contain_is_rejected(self, branch: str) -> None:
        names = Names("gatehouse", f"dev-{branch}", branch)
        (problem,) = DomainSettings(name=HOST, zone_id="Z1").deployment_problems(names, None)
        assert f"gatehouse:domain.name: {branch}, the branch, must be valid in a domain name" in problem
        assert "python -m infra.branches" in problem

    def test_the_url_has_no_trailing_slash(self) -> None:
        assert DomainSettings(name=HOST).url(HOST) == "https://api.example.com"
        assert DomainSettings(name=HOST, base_path="v1").url(HOST) == "https://api.example.com/v1"

    def test_the_default_endpoint_stays_without_a_domain(self) -> None:
        assert DomainSettings().disables_default_endpoint is False
        assert DomainSettings(name=HOST).disables_default_endpoint is True
        assert DomainSettings(name=HOST, disable_default_endpoint=False).disables_default_endpoint is False


REST = {"httpMethod": "POST", "path": "/v1/items", "requestContext": {"path": "/v1/items", "stage": "prod"}}
HTTP = {"version": "2.0", "rawPath": "/v1/items", "requestContext": {"http": {"method": "POST"}, "stage": "prod"}}


@pytest.mark.parametrize("path", ["/v1/items", "/items", "/prod/items"])
@pytest.mark.parametrize("flavour", ["rest", "http"])
def test_a_created_item_is_below_the_requested_path_whatever_comes_before_it(flavour: str, path: str) -> None:
    """Events have the base path of a domain, or the stage of the default endpoint, before the route's own path."""
    event = (
        REST | {"path": path, "requestContext": {"path": path, "stage": "prod"}}
        if flavour == "rest"
        else HTTP | {"rawPath": path}
    )
    found = location(Request.from_event(event).path, "7")
    assert urljoin(f"https://{HOST}{path}", found) == f"https://{HOST}{path}/7"
