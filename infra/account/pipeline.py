"""The OIDC provider of GitHub Actions, and roles with which its workflows preview and deploy stacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.account.boundaries import services_boundary, stack_boundary
from infra.account.deployment_policies import Deployment
from infra.account.deployment_roles import key_statements, role_statements, state_statements
from infra.account.preview_policy import preview_statements
from infra.account.settings import Environment, PipelineSettings
from infra.account.statements import StateAccess, Statement, document
from infra.naming import Names
from infra.place import Place

HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class PipelineArgs:
    """The stacks' project, where they are deployed, and where their state is."""

    names: Names
    stacks_project: str
    place: Place
    settings: PipelineSettings
    state: StateAccess | None = None


class Pipeline(pulumi.ComponentResource):
    """A role for previews, and for each environment a role that deploys one stack, each for one subject."""

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:account:Pipeline", name, None, opts)
        self._args, self._child_opts = args, pulumi.ResourceOptions(parent=self)
        self._provider_arn = self._github(name)
        self.preview_role = self._preview()
        self.boundaries: dict[str, pulumi.Output[str]] = {}
        self.deployment_roles = {each.name: self._deployment(each) for each in args.settings.environments}
        self.register_outputs({"previewRole": self.preview_role, "deploymentRoles": self.deployment_roles})

    def _github(self, name: str) -> pulumi.Output[str]:
        """Create the provider, or look it up: an account has at most one. Other owners may use it, so it is kept."""
        if self._args.settings.provider == "create":
            kept = pulumi.ResourceOptions.merge(self._child_opts, pulumi.ResourceOptions(retain_on_delete=True))
            return aws.iam.OpenIdConnectProvider(name, url=f"https://{HOST}", client_id_lists=[AUDIENCE], opts=kept).arn
        found = aws.iam.get_open_id_connect_provider_output(
            url=f"https://{HOST}", opts=pulumi.InvokeOptions(parent=self)
        )
        return pulumi.Output.all(found.arn, found.client_id_lists).apply(lambda each: _accepted(*each))

    def _preview(self) -> pulumi.Output[str]:
        args = self._args
        statements = preview_statements(args.stacks_project, args.names.project, args.place, args.state)
        return self._role("preview", "pull_request", None, {"preview": list(statements)})

    def _deployment(self, environment: Environment) -> pulumi.Output[str]:
        """Create the role that deploys a stack, and the boundaries of it and of the roles that it creates."""
        args, name = self._args, f"deploy-{environment.name}"
        deployment = Deployment(
            project=args.stacks_project, stack=environment.stack, place=args.place, hosted_zone=environment.hosted_zone
        )
        roles = self._policy(f"roles-{environment.name}", stack_boundary(deployment.prefix, args.place)).arn
        self.boundaries[environment.name] = roles
        limited = [
            *role_statements(deployment, roles), *key_statements(deployment), *state_statements(deployment, args.state)
        ]  # fmt: skip
        boundary = self._policy(f"{name}-boundary", [services_boundary(), *limited]).arn
        policies = {**{f"{name}-{each}": found for each, found in deployment.policies().items()}, name: limited}
        return self._role(name, f"environment:{environment.name}", boundary, policies)

    def _role(
        self, name: str, subject: str, boundary: pulumi.Output[str] | None, policies: dict[str, list[Statement]]
    ) -> pulumi.Output[str]:
        """Create a role that only workflows of this subject may assume, with a managed policy for each name."""
        role = aws.iam.Role(
            name,
            name=self._args.names.resource(name),
            path=self._path,
            assume_role_policy=document([self._trust(subject)]),
            permissions_boundary=boundary,
            opts=self._child_opts,
        )
        for each, statements in policies.items():
            policy = self._policy(each, statements)
            aws.iam.RolePolicyAttachment(each, role=role.name, policy_arn=policy.arn, opts=self._child_opts)
        return role.arn

    def _policy(self, name: str, statements: Iterable[Statement]) -> aws.iam.Policy:
        return aws.iam.Policy(
            name,
            name=self._args.names.resource(name),
            path=self._path,
            policy=document(statements),
            opts=self._child_opts,
        )

    @property
    def _path(self) -> str:
        """The path of roles and policies. With it, their ARNs never start with those of a stack's roles."""
        return f"/{self._args.names.project}/"

    def _trust(self, subject: str) -> Statement:
        claims = {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": f"repo:{self._args.settings.repository}:{subject}"}
        return {
            "Effect": "Allow",
            "Principal": {"Federated": self._provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": claims},
        }


def _accepted(arn: str, audiences: Sequence[str]) -> str:
    """Return the ARN of a provider that accepts tokens for AWS. Raises RunError for any other."""
    if AUDIENCE in audiences:
        return arn
    raise pulumi.RunError(f"{arn} does not accept the audience {AUDIENCE}; add it to the provider's client ids")
