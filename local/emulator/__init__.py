"""The AWS emulator: MiniStack, started by `launch`, run by `server`, with patches from `corrections`."""
