"""An embedder without a model: texts are near when they share words. For replays in which nobody reads a memory."""

from collections.abc import Sequence
from math import sqrt
from typing import Final
from zlib import crc32

_PLACES: Final = 64


class WordHashes:
    """Counts words by their hash: exact, instant, and the same on every machine. It knows nothing of meaning."""

    name = "word-hashes-64"
    dimensions = _PLACES

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text, in order."""
        return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    counts = [0.001] * _PLACES  # no text is nothing
    for word in text.lower().split():
        counts[crc32(word.encode()) % _PLACES] += 1
    length = sqrt(sum(count * count for count in counts))
    return [count / length for count in counts]
