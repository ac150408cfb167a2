"""The daemon: when the desk wakes, what it does then and in between, and how it ends."""
