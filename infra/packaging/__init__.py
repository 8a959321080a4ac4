"""The functions' bundles: reproducible archives of code and pinned packages."""
