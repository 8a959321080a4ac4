"""`python -m infra.documents [--check] FILE`: writes the published document, or says if it is outdated."""

import argparse
import json
import sys
from pathlib import Path

from handlers.contract import load_collections, routes
from infra.documents.published import published_document

TITLE = "Gatehouse"


def main() -> int:
    """0 if the file is written or up to date, 1 if it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    text = json.dumps(published_document(TITLE, routes(load_collections())), indent=2) + "\n"
    if not options.check:
        options.file.write_text(text)
        return 0
    if options.file.exists() and options.file.read_text() == text:
        return 0
    sys.stderr.write(f"gatehouse: {options.file} is not what the contract says; run `make openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
