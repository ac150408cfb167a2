"""The run: who speaks when, and what may happen after."""
