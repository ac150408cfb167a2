"""The nouns: money, market, portfolio, signals, research, orders, events, errors, clock, ports."""
