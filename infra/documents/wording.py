"""The contract's texts about operations, in the words of a collection."""

from handlers.contract import Collection


def in_words_of(collection: Collection, text: str) -> str:
    """Fill in the placeholders of an operation's summary or description."""
    article = "an" if collection.singular[0] in "aeio" else "a"
    return text.format(
        items=collection.name,
        item=collection.singular,
        an_item=f"{article} {collection.singular}",
        consistency=_consistency(collection),
    )


def _consistency(collection: Collection) -> str:
    """Describe which lists are read from a global secondary index, which may lag behind the table."""
    late = f"is eventually consistent: it may miss the last writes, which `GET /{collection.name}/{{id}}` returns."
    if collection.client_ids:
        return f"The list {late}"
    return f"The list is consistent. A filtered list {late}" if collection.filters else "The list is consistent."
