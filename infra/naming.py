"""The one place that names resources."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Physical names in AWS: `gatehouse-prod-items-read`. Two stacks of one account never meet."""

    project: str
    stack: str

    def resource(self, name: str) -> str:
        """The name of a function, role or table."""
        return f"{self.project}-{self.stack}-{name}"

    def function_log_group(self, name: str) -> str:
        """The log group of a function, where Lambda expects it."""
        return f"/aws/lambda/{self.resource(name)}"

    @property
    def access_log_group(self) -> str:
        """The log group of the stage's access log."""
        return f"/aws/apigateway/{self.resource('access')}"
