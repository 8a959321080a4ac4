"""The physical names of all resources: `{project}-{stack}-{name}` (docs/naming.md)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_NAME = 64
"""The greatest length of a function's or role's name, in characters."""

MAX_BACKUP_NAME = 50
"""The greatest length of a backup vault's or plan's name, in characters (AWS Backup, "BackupVaultName")."""

STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What API Gateway allows as a stage's name, which is the stack's."""

REVOCATIONS = "authorizer-revocations"
"""The name of the denylist's table. Names of collections have no hyphen, so it differs from all of them in a stack."""

BACKUPS = "backups"
"""The name of the tables' backup vault, and of its plan, role and key."""

SENT = "sent"
"""The prefix of the logical names of API keys that clients send."""


@dataclass(frozen=True)
class Names:
    """Names in AWS: `gatehouse-prod-items-read`. Different stacks in one account never share a name.

    `branch` is set for a branch stack (infra/branches.py): `pr-12` for `dev-pr-12`.
    """

    project: str
    stack: str
    branch: str | None = None

    def problems(
        self, functions: Iterable[str], collections: Iterable[str] = (), *, has_backups: bool = False
    ) -> Iterator[str]:
        """Yield a line for each name that AWS would reject, or that another stack may have."""
        if not STAGE.fullmatch(self.stack):
            yield (
                f"invalid stack name {self.stack!r}: must consist of letters, digits, '-' and '_'; "
                "`python -m infra.branches STACK BRANCH` prints a valid name for a branch"
            )
        physical = list(map(self.resource, functions))
        for name in dict.fromkeys(each for each in physical if physical.count(each) > 1):
            yield f"{name}: must not be the name of two functions"
        for name in physical:
            if len(name) > MAX_NAME:
                yield f"{name}: a function's or role's name must have at most {MAX_NAME} characters (found {len(name)})"
        backups = self.resource(BACKUPS)
        if has_backups and len(backups) > MAX_BACKUP_NAME:
            detail = f"must have at most {MAX_BACKUP_NAME} characters (found {len(backups)})"
            yield f"{backups}: the name of a backup vault and plan {detail}"
        shorter, _, last = self.stack.rpartition("-")
        for name in collections:
            if shorter and f"{last}-{name}" == REVOCATIONS:
                yield (
                    f"{self.resource(name)}: the table of collection {name} would have the name of the denylist of the "
                    f"stack {shorter}; use a stack whose name does not end in -{last}"
                )

    def resource(self, name: str) -> str:
        """Return the name of a function, role, table, usage plan or key."""
        return f"{self.project}-{self.stack}-{name}"

    def domain(self, name: str) -> str:
        """Return a domain name of the settings, or the subdomain of it that belongs to the branch."""
        return f"{self.branch}.{name}" if self.branch else name

    @property
    def settings_stack(self) -> str:
        """The stack with whose settings this one is deployed; another one for a branch stack."""
        return self.stack.removesuffix(f"-{self.branch}")

    @property
    def api(self) -> str:
        """The API's name."""
        return self.resource("api")

    def function_log_group(self, name: str) -> str:
        """Return the name that Lambda requires of a function's log group."""
        return f"/aws/lambda/{self.resource(name)}"

    @property
    def access_log_group(self) -> str:
        """The log group of the stage's access log."""
        return f"/aws/apigateway/{self.resource('access')}"

    def query(self, title: str) -> str:
        """Return the name of a saved query of the logs: the console shows what precedes the slash as a folder."""
        return f"{self.project}-{self.stack}/{title}"

    @property
    def waf_log_group(self) -> str:
        """The log group of the firewall, with the prefix that WAF requires."""
        return f"aws-waf-logs-{self.resource('waf')}"

    def execution_log_group(self, api_id: str) -> str:
        """Return the name that API Gateway uses for the log group of the stage's execution log.

        Source: AWS, "Set up CloudWatch logging for REST APIs in API Gateway".
        """
        return f"API-Gateway-Execution-Logs_{api_id}/{self.stack}"
