"""The user pool and its clients."""
