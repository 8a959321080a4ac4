"""The one place that names resources."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_NAME = 64
"""How long the name of a function or a role may be, in characters."""

STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What API Gateway allows as a stage's name, which is the stack's."""

REVOCATIONS = "authorizer-revocations"
"""The table of revoked tokens. No collection's name has a hyphen, so it cannot be one's."""


@dataclass(frozen=True)
class Names:
    """Physical names in AWS: `gatehouse-prod-items-read`. Two stacks of one account never meet."""

    project: str
    stack: str

    def problems(self, functions: Iterable[str]) -> Iterator[str]:
        """What AWS would refuse of these names, a line each."""
        if not STAGE.fullmatch(self.stack):
            yield f"  the stack's name {self.stack!r} is the stage's; allowed are letters, digits, '-' and '_'"
        for name in map(self.resource, functions):
            if len(name) > MAX_NAME:
                yield f"  {name}: {len(name)} characters; AWS allows {MAX_NAME} for a function's or role's name"

    def resource(self, name: str) -> str:
        """The name of a function, role, table, usage plan or key."""
        return f"{self.project}-{self.stack}-{name}"

    @property
    def api(self) -> str:
        """The name of the REST API."""
        return self.resource("api")

    def function_log_group(self, name: str) -> str:
        """The log group of a function, where Lambda expects it."""
        return f"/aws/lambda/{self.resource(name)}"

    @property
    def access_log_group(self) -> str:
        """The log group of the stage's access log."""
        return f"/aws/apigateway/{self.resource('access')}"

    def execution_log_group(self, api_id: str) -> str:
        """The log group of the stage's execution log, under the name that API Gateway itself gives it.

        Source: AWS, "Set up CloudWatch logging for REST APIs in API Gateway".
        """
        return f"API-Gateway-Execution-Logs_{api_id}/{self.stack}"
