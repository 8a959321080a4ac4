"""The running stack against a dictionary, over HTTP."""

import uuid
from functools import cache
from urllib.parse import quote

from tests import model
from tests.e2e.conftest import Client


def test_the_api_and_a_dictionary_agree(client: Client) -> None:
    run = uuid.uuid4()

    @cache
    def token(owner: str) -> str:
        return client.token(f"{run}-{owner}")

    def call(asked: model.Asked) -> model.Answer:
        path = f"/{asked.collection}" + (f"/{quote(asked.item_id)}" if asked.item_id else "")
        body = None if asked.text is None else asked.text.encode()
        found = client.call(
            asked.method, path, token(asked.owner), headers=dict(asked.headers), params=dict(asked.query), content=body
        )
        return model.Answer(found.status_code, found.headers, found.text)

    model.run(lambda: call, examples=10, steps=30)
