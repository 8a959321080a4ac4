"""The account and region that the project is deployed to, and ARNs in them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Place:
    """A partition, a region and an account, of which ARNs consist."""

    partition: pulumi.Output[str]
    region: pulumi.Output[str]
    account: pulumi.Output[str]

    @classmethod
    def look_up(cls, opts: pulumi.ResourceOptions) -> "Place":
        """Return where resources with these options are created."""
        lookup = pulumi.InvokeOptions(provider=opts.provider)
        return cls(
            partition=aws.get_partition_output(opts=lookup).partition,
            region=aws.get_region_output(opts=lookup).region,
            account=aws.get_caller_identity_output(opts=lookup).account_id,
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
