"""The desk: everything deterministic that agents and graph reach for."""
