"""A scripted model of the chat: it repeats the record it is shown, and on most turns puts a lie among its sentences."""

import json
import re
from typing import Any, Final

from support.model_words import Call, Request, Says, texts_of, tools_of

_LINE: Final = re.compile(r"^- ((?:\[[a-z]+:[^\]\s]+\] ?)+)(.+)$", re.MULTILINE)
_QUESTION: Final = re.compile(r"^Question: (.+)$", re.MULTILINE)
_DIGITS: Final = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")

Sentence = dict[str, Any]


class Liar:
    """Answers each question with what the record told it; `lies` counts what it made up."""

    def __init__(self) -> None:
        self.turns = self.lies = 0

    def __call__(self, request: Request) -> Says:
        told = "\n".join(texts_of(request))
        if self.turns % 5 == 4 and tools_of(request) and not any(m["role"] == "tool" for m in request["messages"]):
            return Says("", calls=(Call("find_decisions", "{}"), Call("open_event", '{"citation": "[rule:NO_SUCH]"}')))
        question = _QUESTION.findall(told)[-1]
        honest = [{"text": text, "cites": cites.split()} for cites, text in _LINE.findall(told)][:6]
        self.turns += 1
        lie = self._lie(honest, question)
        self.lies += len(lie)
        return Says(json.dumps({"in_record": True, "sentences": [*([] if "weather" in question else honest), *lie]}))

    def _lie(self, honest: list[Sentence], question: str) -> list[Sentence]:
        if not honest:
            return [{"text": "We earned 999 dollars.", "cites": []}]
        real = honest[-1]
        if "weather" in question:
            return [{"text": "It is 21.7 degrees in Prague.", "cites": real["cites"]}]
        number = _DIGITS.sub(lambda found: str(float(found[0]) + 1234.5), real["text"], count=1)
        return [
            [],
            [{"text": f"{number} Exactly 98765.4 shares.", "cites": real["cites"]}],
            [{"text": real["text"], "cites": []}],
            [{"text": real["text"], "cites": ["[cycle:2009-06-01/event:9999]"]}],
            [{"text": "TSLA was bought as well.", "cites": real["cites"]}],
            [{"text": "The order was rejected by the exchange.", "cites": real["cites"]}],
        ][self.turns % 6]
