"""msgspec as a Lambda function needs it: its package imports all of its modules, and every cold start pays for them."""

from collections.abc import Mapping

GENERATED: Mapping[str, bytes] = {
    "msgspec/inspect.py": b"",
    "msgspec/toml.py": b"",
    "msgspec/yaml.py": b"",
    "msgspec/_json_schema.py": b'''"""JSON schemas are made at deployment."""


def schema_components(*_, **__):
    raise NotImplementedError("this bundle has no JSON schemas")


schema = schema_components
''',
}
"""What stands in for modules that the package imports and no function uses: introspection, schemas, TOML and YAML."""
