"""Restore a table in the emulator, and kill this process at a call: before it, or after it, so that its answer is lost.

Arguments: endpoint, table, restore point, mode, and the call (`PutItem:3:after`; `-` for none).
"""

import os
import signal
import sys
import threading
from typing import Any

from infra.restore.compare import Mode
from infra.restore.point import Clients, PointInTime
from infra.restore.table_restore import Plan, TableRestore
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.provider.connection import Connection


class Killed:
    """A client of DynamoDB that kills the process."""

    def __init__(self, client: Any, call: str) -> None:
        operation, _, self.rest = call.partition(":")
        self.client, self.operation, self.count, self.lock = client, operation, 0, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        original = getattr(self.client, name)
        if self.client.meta.method_to_api_mapping.get(name) != self.operation:
            return original

        def call(**arguments: Any) -> Any:
            number, _, when = self.rest.partition(":")
            with self.lock:
                self.count += 1
                if self.count != int(number):
                    return original(**arguments)
            answer = original(**arguments) if when == "after" else None
            os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call


def main(endpoint: str, table: str, moment: str, mode: str, call: str) -> None:
    connection = Connection(endpoint, DEFAULT_REGION, DEFAULT_ACCOUNT)
    clients = Clients(Killed(connection.client("dynamodb"), call), None)
    plan = Plan(point=PointInTime.parse(moment), mode=Mode[mode], apply=True)
    for line in TableRestore(table, plan, clients, lambda _: None).run():
        print(line)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
