"""One file per node: read state, ask one collaborator, return an update."""
