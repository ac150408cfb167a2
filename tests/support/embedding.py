"""A tiny embedder: exact, instant, and the same on every machine."""

from perun.memory.word_hashes import WordHashes


class BagOfWords(WordHashes):
    """Texts are near when they share words; under any name."""

    def __init__(self, name: str = "bag-of-words") -> None:
        self.name = name
