"""The tables with their capacity, encryption and backups."""
