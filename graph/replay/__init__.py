"""The same graph over recorded days: played session by session, told in files, measured, and put to controls."""
