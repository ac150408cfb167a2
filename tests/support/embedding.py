"""A tiny embedder: exact, instant, and the same on every machine."""

from collections.abc import Sequence
from math import sqrt
from zlib import crc32


class BagOfWords:
    """Texts are near when they share words."""

    dimensions = 64

    def __init__(self, name: str = "bag-of-words") -> None:
        self.name = name

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        counts = [0.001] * self.dimensions
        for word in text.lower().split():
            counts[crc32(word.encode()) % self.dimensions] += 1
        length = sqrt(sum(count * count for count in counts))
        return [count / length for count in counts]
