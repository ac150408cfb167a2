"""Text from outside as plain words: nothing hidden in it, no markup, and only so much of it."""

import html
import re
import unicodedata
from typing import Final

_SCRIPTS: Final = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENTS: Final = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_TAGS: Final = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_LINKS: Final = re.compile(r"!?\[([^\[\]]{0,500})\]\((?:[^()\s]{0,2000})(?:\s+[\"'][^\"')]{0,500}[\"'])?\)")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
"""Unicode categories that show nothing: control, zero-width, bidirectional and tag characters, and unassigned ones."""
_FILLERS: Final = frozenset(
    (
        *(chr(code) for code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800)),
        *(chr(code) for code in range(0x180B, 0x1810)),
        *(chr(code) for code in range(0xFE00, 0xFE10)),
        *(chr(code) for code in range(0xE0100, 0xE01F0)),
    )
)
"""Letters and marks that show nothing either: fillers, and selectors of variants, in which texts have been hidden."""
_LONGEST_READ: Final = 200_000


def plain(text: str, longest: int) -> str:
    """The text on one line, in characters that can be seen, without markup, cut to `longest` characters.

    Links are reduced to their words and HTML to its text. It is done twice, since what one pass takes away may join two
    halves of a tag.
    """
    text = text[:_LONGEST_READ]
    for _ in range(2):
        text = _LINKS.sub(r"\1", _without_html(_visible(html.unescape(text))))
    return " ".join(text.split())[:longest].rstrip()


def _without_html(text: str) -> str:
    for pattern in (_COMMENTS, _SCRIPTS, _TAGS):
        text = pattern.sub(" ", text)
    return text


def _visible(text: str) -> str:
    """Compatibility forms in their usual letters; what cannot be seen is gone, and line breaks are spaces."""
    if text.isascii() and text.isprintable():  # nearly every text, and of it nothing would change
        return text
    spaced = "".join(" " if character.isspace() else character for character in text)
    return "".join(each for each in unicodedata.normalize("NFKC", spaced) if _shows(each))


def _shows(character: str) -> bool:
    return character not in _FILLERS and unicodedata.category(character) not in _HIDDEN
