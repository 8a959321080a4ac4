"""`python -m infra.documents [--check] FILE`: write the OpenAPI document, or check that the file is up to date."""

import argparse
import json
import sys
from pathlib import Path

from handlers.contract import load_collections, routes
from infra.documents.openapi import openapi_document

TITLE = "Gatehouse"


def main() -> int:
    """Return 0 if the file is written or up to date, 1 if it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    text = json.dumps(openapi_document(TITLE, routes(load_collections())), indent=2) + "\n"
    if not options.check:
        options.file.write_text(text)
        return 0
    if options.file.exists() and options.file.read_text() == text:
        return 0
    sys.stderr.write(f"gatehouse: {options.file} is out of date; run `make openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
