"""The command `perun` with a small embedder, which spares it the weights of the real one."""

from perun.graph.app import cli, wiring
from support.embedding import BagOfWords

wiring.MiniLM = BagOfWords  # type: ignore[misc,assignment,attr-defined] # stands in for the class

if __name__ == "__main__":
    cli.main()
