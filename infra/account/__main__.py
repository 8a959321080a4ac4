"""What an AWS account needs once, before the first stack: docs/account.md."""

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # Pulumi runs the program in this folder

from infra.account.gateway_logs import gateway_logs
from infra.account.pipeline import Pipeline, PipelineArgs
from infra.account.settings import load
from infra.account.state import State, StateArgs
from infra.account.statements import StateAccess
from infra.naming import Names
from infra.packaging.bundles import ROOT
from infra.place import Place
from infra.provider import aws_provider
from infra.stack_file import project_name

names = Names(pulumi.get_project(), pulumi.get_stack())
settings = load(names.project, names.stack)
stacks_project = project_name(ROOT)

opts = aws_provider(settings.provider, settings.tags)
place = Place.look_up(pulumi.InvokeOptions(provider=opts.provider))
pulumi.export("role", gateway_logs(stacks_project, opts, settings.logs_role))
access = None
if settings.state.enabled:
    state = State("state", StateArgs(names=names, place=place, bucket=settings.state.bucket), opts)
    access = StateAccess(bucket=state.bucket_arn, key=state.key.arn)
    pulumi.export("stateUrl", state.url)
    pulumi.export("secretsProvider", state.secrets_provider)
if settings.pipeline.repository:
    pipeline = Pipeline("pipeline", PipelineArgs(
        names=names, stacks_project=stacks_project, place=place, settings=settings.pipeline, state=access
    ), opts)  # fmt: skip
    pulumi.export("previewRole", pipeline.preview_role)
    pulumi.export("deploymentRoles", pipeline.deployment_roles)
    pulumi.export("boundaries", pipeline.boundaries)
