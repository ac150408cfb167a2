"""Who is asked when a model does not answer: the next in line, and after the last nobody, so that the desk holds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, cast, get_args

from perun.agents.models import Mind, Question, Reply
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import ModelUnavailable
from perun.tools.domain.events import Usage

ProviderName = Literal["openai", "google", "local", "baseline"]
PROVIDERS: Final[tuple[str, ...]] = get_args(ProviderName)


class Chain:
    """A Mind that asks the first of its minds, and each further one only when those before it gave no answer.

    An answer that cannot be used is an answer all the same: it is repaired or refused by whoever asked.
    """

    def __init__(self, minds: Sequence[Mind]) -> None:
        self.minds = tuple(minds)

    @property
    def name(self) -> str:
        """The first mind's name: whoever answered instead is named in the reply."""
        return self.minds[0].name

    def reply(self, question: Question) -> Reply:
        """The first answer that comes.

        Raises:
            ModelUnavailable: nobody answered, or no time is left to ask the next.
        """
        until = None if question.patience is None else stopwatch() + question.patience
        missed: list[str] = []
        calls = 0
        for mind in self.minds:
            left = None if until is None else until - stopwatch()
            if left is not None and left <= 0:
                break
            try:
                reply = mind.reply(replace(question, patience=left))
            except ModelUnavailable as error:
                missed.append(str(error))
                calls += error.calls
            else:
                return _signed(reply, mind.name, missed, calls)
        raise ModelUnavailable("; then ".join(missed) or "no time is left", calls)


def names(mind: Mind) -> tuple[str, ...]:
    """Everybody who may answer when this mind is asked."""
    return tuple(each.name for each in mind.minds) if isinstance(mind, Chain) else (mind.name,)


def parse_fallback(text: str) -> tuple[tuple[ProviderName, str | None], ...]:
    """Providers with their models from `google:gemini-2.5-flash,local`; without a model the provider's default.

    Raises:
        ValueError: no such provider; the message tells which there are.
    """
    parts = (part.strip() for part in text.split(","))
    return tuple(_hop(part) for part in parts if part)


def _hop(part: str) -> tuple[ProviderName, str | None]:
    provider, _, model = part.partition(":")
    if provider not in PROVIDERS:
        raise ValueError(f"should be {', '.join(PROVIDERS)}, each with :model if wanted, separated by commas")
    return cast(ProviderName, provider), model or None


def _signed(reply: Reply, name: str, missed: Sequence[str], calls: int) -> Reply:
    usage = reply.usage + Usage(calls=calls)
    return replace(reply, usage=usage, model=reply.model or name, missed=(*missed, *reply.missed))
