"""Prices: the recorded days, and the indicators computed from bars."""
