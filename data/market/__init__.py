"""The recorded market: daily bars of real companies, with their origin and licence."""
