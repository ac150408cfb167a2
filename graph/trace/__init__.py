"""Reading a run again: list, tell, compare, verify and export what is on record."""
