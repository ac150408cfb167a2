"""An exchange inside the process: one account, recorded prices, real fills, books kept in SQLite."""
