"""Cycles, intents, orders, fills and events: what happened, in SQL."""
