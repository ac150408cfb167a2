"""Where orders go: the embedded exchange, and the gated wire that owns the only writer."""
