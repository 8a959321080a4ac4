"""The local stack: the same program, deployed into an AWS emulator on this machine by `python -m local`."""
