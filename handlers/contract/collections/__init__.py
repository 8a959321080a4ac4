"""One module per collection. Adding a module adds its routes, functions, table, scopes and documentation."""
