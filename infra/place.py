"""The account and region that a program deploys to, and ARNs in them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Place:
    """A partition, a region and an account, of which ARNs consist, and the domain of the partition's services."""

    partition: pulumi.Output[str]
    dns_suffix: pulumi.Output[str]
    region: pulumi.Output[str]
    account: pulumi.Output[str]

    @classmethod
    def look_up(cls, opts: pulumi.InvokeOptions) -> "Place":
        """Return where the resources of a provider, or the children of a parent, are created."""
        partition = aws.get_partition_output(opts=opts)
        return cls(
            partition=partition.partition,
            dns_suffix=partition.dns_suffix,
            region=aws.get_region_output(opts=opts).region,
            account=aws.get_caller_identity_output(opts=opts).account_id,
        )

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> pulumi.Output[str]:
        """Return the ARN of a service's resource in this region and account, or in others, such as `*`.

        They are empty for services whose ARNs have none: IAM has no regions, and API Gateway's ARNs no account.
        """
        here = self.region if region is None else region
        owner = self.account if account is None else account
        return pulumi.Output.concat("arn:", self.partition, ":", service, ":", here, ":", owner, ":", resource)
