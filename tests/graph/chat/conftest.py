"""Ten recorded cycles to talk about: purchases, sales, holds, denials by limits and by the risk manager."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from perun.agents.answers import ReviewAnswer, RiskAnswer, SignalAnswer, TradeAnswer
from perun.agents.baseline import Baseline
from perun.agents.facts import RiskManagerFacts, TraderFacts
from perun.agents.models import Question, Reply
from perun.graph.app.chatting import open_desk
from perun.graph.chat.desk import ReadingDesk
from perun.tools.domain.events import Usage
from perun.tools.domain.signals import Action, Ruling
from support.floor import cycle

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
TIGHT = {"max_open_positions": "1"}
"""Limits under which most purchases are denied."""


class Lively:
    """A mind that buys what it does not hold and sells on even days what it does; IBM is vetoed on every third day."""

    name = "lively"

    def reply(self, question: Question) -> Reply:
        match question.facts:
            case TraderFacts() as facts:
                return Reply(self._trade(facts).model_dump_json(), Usage(calls=1, input_tokens=100, output_tokens=10))
            case RiskManagerFacts() as facts:
                return Reply(self._advise(facts).model_dump_json(), Usage(calls=1, input_tokens=100, output_tokens=10))
        return Baseline().reply(question)

    def _trade(self, facts: TraderFacts) -> TradeAnswer:
        return TradeAnswer(signals=[self._wish(symbol, facts) for symbol in facts.symbols])

    def _wish(self, symbol: str, facts: TraderFacts) -> SignalAnswer:
        held = facts.portfolio.held(symbol)
        sells = held and facts.as_of.day % 2 == 0
        action = Action.SELL if sells else Action.HOLD if held else Action.BUY
        why = f"We hold {held} of {symbol}, and {action} suits day {facts.as_of.day}."
        return SignalAnswer(symbol=symbol, action=action, confidence=70, rationale=why, evidence=[])

    def _advise(self, facts: RiskManagerFacts) -> RiskAnswer:
        return RiskAnswer(reviews=[self._review(signal.symbol, facts.as_of.day) for signal in facts.signals])

    def _review(self, symbol: str, day: int) -> ReviewAnswer:
        if symbol == "IBM" and day % 3 == 0:
            return ReviewAnswer(symbol=symbol, ruling=Ruling.VETO, keep_percent=0, reason="Not on such a day.")
        return ReviewAnswer(symbol=symbol, ruling=Ruling.SHRINK, keep_percent=40, reason="Small is enough: keep 40%.")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with ten cycles: two of the baseline under tight limits, eight of a lively mind."""
    folder = tmp_path_factory.mktemp("recorded")
    for number in range(10):
        mind = Lively() if number > 1 else None
        cycle(folder, symbols=SYMBOLS, mind=mind, **(TIGHT if number < 2 else {}))
    return folder


@pytest.fixture(scope="session")
def one_cycle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with one cycle, to be copied."""
    folder = tmp_path_factory.mktemp("one")
    cycle(folder)
    return folder


@pytest.fixture
def fresh(one_cycle: Path, tmp_path: Path) -> dict[str, str]:
    """Settings that lead to a desk of the test's own, with one cycle, which may be halted."""
    folder = shutil.copytree(one_cycle, tmp_path / "desk")
    return {"DATA_DIR": str(folder), "LLM_PROVIDER": "baseline"}


@pytest.fixture
def here(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings that lead to the recorded cycles, whatever else the environment says."""
    return {"DATA_DIR": str(recorded), "LLM_PROVIDER": "baseline"}


@pytest.fixture
def desk(here: dict[str, str]) -> Iterator[ReadingDesk]:
    """The reading desk over the ten cycles, with the baseline voice."""
    with open_desk(here) as opened:
        yield opened
