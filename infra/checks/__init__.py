"""Checks of a deployment before anything is created: AWS's quotas, sizes and indexes."""
