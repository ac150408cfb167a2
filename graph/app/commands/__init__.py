"""The commands of `perun`, a file for each group; heavy imports stand inside the commands."""
