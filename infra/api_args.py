"""What an API of either flavour is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.contract import Route
from infra.api_settings import ApiSettings
from infra.authorizer import Authorizer
from infra.handlers import Handlers
from infra.logs import LogSettings
from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """The routes, the functions behind them, and the settings of the stage.

    `policy_cache` is how long (seconds) API Gateway caches the authorizer's policies.
    """

    names: Names
    routes: Sequence[Route]
    handlers: Handlers
    authorizer: Authorizer
    policy_cache: int
    api: ApiSettings
    logs: LogSettings
    tags: dict[str, str]
