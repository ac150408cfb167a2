"""Talking with the agents about decisions: every sentence rests on the record, and nothing here can trade."""
