"""Makes the resources of a Pulumi program through AWS services that answer at a local endpoint."""

from local.provider.aws import Provider as Provider
from local.provider.aws import ServiceError as ServiceError
from local.provider.aws import UnknownTypeError as UnknownTypeError
from local.provider.properties import UnappliedError as UnappliedError
