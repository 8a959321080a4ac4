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

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of a service's resource in this region and account."""
        return pulumi.Output.concat(
            "arn:", self.partition, ":", service, ":", self.region, ":", self.account, ":", resource
        )

    def global_arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of a resource of a service without regions, such as IAM."""
        return pulumi.Output.concat("arn:", self.partition, ":", service, "::", self.account, ":", resource)

    def unowned_arn(self, service: str, resource: str, *, in_region: bool = True) -> pulumi.Output[str]:
        """Return the ARN of a resource of a service whose ARNs have no account, such as API Gateway."""
        region = self.region if in_region else ""
        return pulumi.Output.concat("arn:", self.partition, ":", service, ":", region, "::", resource)
