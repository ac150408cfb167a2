"""Alpaca as a broker: its account behind our ports, held to at most one request for each change."""
