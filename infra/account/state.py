"""A bucket for Pulumi's state, and a key with which the state and the secrets in it are encrypted."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.kms_key import KmsKey, KmsKeyArgs
from infra.naming import Names
from infra.place import Place

OLD_VERSION_DAYS = 90
"""Days for which an overwritten or deleted state can be restored from an earlier version."""


@dataclass(frozen=True, kw_only=True)
class StateArgs:
    """Where the bucket is, and its name if it is not the usual one."""

    names: Names
    place: Place
    bucket: str | None = None


class State(pulumi.ComponentResource):
    """A versioned, encrypted and private bucket, and its key. Pulumi cannot delete either."""

    def __init__(self, name: str, args: StateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        protected = pulumi.ResourceOptions(protect=True)
        super().__init__("gatehouse:account:State", name, None, pulumi.ResourceOptions.merge(opts, protected))
        child_opts = pulumi.ResourceOptions(parent=self)
        description = f"Pulumi's state and secrets, in {args.names.project}."
        self.key = KmsKey(name, KmsKeyArgs(names=args.names, description=description), child_opts)
        place = args.place
        usual = pulumi.Output.concat(args.names.resource(name), "-", place.account, "-", place.region)
        bucket = aws.s3.Bucket(name, bucket=args.bucket or usual, opts=child_opts)
        self.bucket, self.bucket_arn = bucket.bucket, bucket.arn
        self._encrypt(name, bucket, child_opts)
        self._keep_versions(name, bucket, child_opts)
        self._close(name, bucket, child_opts)
        self.url = pulumi.Output.concat("s3://", bucket.bucket, "?region=", place.region)
        self.secrets_provider = pulumi.Output.concat(
            "awskms://alias/", args.names.resource(name), "?region=", place.region
        )
        self.register_outputs({"url": self.url, "secretsProvider": self.secrets_provider})

    def _encrypt(self, name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=self.key.arn
        )
        rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=default, bucket_key_enabled=True
        )
        aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.bucket, rules=[rule], opts=opts)

    def _keep_versions(self, name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
        """Keep earlier versions of each object for some time."""
        enabled = aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled")
        versioning = aws.s3.BucketVersioning(name, bucket=bucket.bucket, versioning_configuration=enabled, opts=opts)
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=OLD_VERSION_DAYS
            ),
        )
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioning]))
        aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=[rule], opts=after)

    def _close(self, name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
        """Block public access, and connections without TLS."""
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=opts,
        )
        statement = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[block]))
        aws.s3.BucketPolicy(name, bucket=bucket.bucket, policy=policy, opts=after)
