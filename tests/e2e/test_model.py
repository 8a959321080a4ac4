"""The running stack, over HTTP, compared with a dictionary."""

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

    def call(request: model.Request) -> model.Answer:
        path = f"/{request.collection}" + (f"/{quote(request.item_id)}" if request.item_id else "")
        body = None if request.text is None else request.text.encode()
        found = client.call(
            request.method,
            path,
            token(request.owner),
            headers=dict(request.headers),
            params=dict(request.query),
            content=body,
        )
        return model.Answer(found.status_code, found.headers, found.text)

    model.run(lambda: call, examples=10, steps=30)
