"""Limits, facts, breaches, rules, sizing and the gate: pure, and knowing only the nouns."""
