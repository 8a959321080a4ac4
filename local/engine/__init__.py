"""A Pulumi deployment engine in one process: it runs a program unchanged, without the Pulumi CLI and its plugins."""

from local.engine.checkpoint import CheckpointError as CheckpointError
from local.engine.deletion import destroy as destroy
from local.engine.deployment import STACK_TYPE as STACK_TYPE
from local.engine.deployment import Deployment as Deployment
from local.engine.deployment import DeploymentError as DeploymentError
from local.engine.deployment import ProgramError as ProgramError
from local.engine.deployment import Resource as Resource
from local.engine.deployment import ResourceError as ResourceError
from local.engine.deployment import Step as Step
from local.engine.deployment import UnsupportedError as UnsupportedError
from local.engine.program import deploy as deploy
from local.engine.program import run as run
from local.engine.refresh import refresh as refresh
