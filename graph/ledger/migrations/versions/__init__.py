"""One file for each step of the schema; a file that has shipped is never edited."""
