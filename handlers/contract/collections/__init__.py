"""One module per collection. Adding a module here adds its routes, functions, table, scopes and documentation."""
