"""A mind that searches the web: its answer carries the pages that it rests on, in the order of their numbers."""

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from perun.agents.chat import ChatMind
from perun.agents.extracting import only_object
from perun.agents.models import Question
from perun.agents.web_client import COST, PAGES
from perun.tools.domain.errors import AnswerUnusable
from perun.tools.domain.events import Usage

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

MOST_PAGES: Final = 20
_LONGEST_URL: Final = 500
_MOST_DOLLARS: Final = Decimal(100)


class WebMind(ChatMind):
    """A ChatMind whose reply is one JSON object: the model's own, and `pages` beside it."""

    def _ask(self, chat: Any, question: Question) -> "AIMessage":
        message = super()._ask(chat, question)
        try:
            said = json.loads(only_object(str(message.text)))
        except (AnswerUnusable, ValueError, RecursionError):
            return message  # whoever asked will find it unusable, and say why
        if not isinstance(said, dict):
            return message
        rows = message.additional_kwargs.get(PAGES) or ()
        pages = [_page(row) for row in rows[:MOST_PAGES]]
        return message.model_copy(update={"content": json.dumps({**said, "pages": pages})})

    def _usage(self, message: "AIMessage") -> Usage:
        counted = super()._usage(message)
        try:
            told = Decimal(str(message.additional_kwargs.get(COST)))
        except InvalidOperation:
            return counted
        return counted.model_copy(update={"cost_usd": told}) if 0 <= told <= _MOST_DOLLARS else counted


def _page(row: Any) -> dict[str, str]:
    """Address and date of a page; a row that is none keeps its place and says nothing."""
    told = row if isinstance(row, dict) else {}
    url = str(told.get("url") or "")
    fits = url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL and url.isprintable() and " " not in url
    return {"url": url if fits else "", "date": str(told.get("date") or "")[:40]}
