"""The local resource provider: creates the resources of a Pulumi program in the emulator, through AWS's API."""

from local.provider.aws import Provider as Provider
from local.provider.aws import ServiceError as ServiceError
from local.provider.aws import UnsupportedTypeError as UnsupportedTypeError
from local.provider.properties import UnsupportedInputError as UnsupportedInputError
