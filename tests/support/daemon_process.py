"""A `perun` process as the console script starts it, but for a small embedder that spares it torch."""

from perun.graph.app import cli, wiring
from perun.graph.app.daemon import shift
from support.embedding import BagOfWords

wiring.MiniLM = shift.MiniLM = BagOfWords  # type: ignore[misc,assignment] # stands in for the class

if __name__ == "__main__":
    cli.main()
