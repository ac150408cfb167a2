"""The embedded exchange as a server that speaks Alpaca's protocol: REST for trading and prices, a stream of updates."""
