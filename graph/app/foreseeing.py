"""`perun backtest lookahead-check`: sampled sessions decided again without their future, and with another one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from perun.agents.prompting import Prompt
from perun.graph.app.stage import Stage, Tell, Wish, set_up
from perun.graph.replay.disguise import Histories
from perun.graph.replay.lookahead import Difference, Facts, cut_after, facts, first_difference, other_after, sampled
from perun.graph.replay.playing import play
from perun.tools.domain.market import Session
from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.recorded import RecordedMarket

Opens = Callable[[Path], RecordedMarket]
"""From a folder to the market that the desk is shown."""


@dataclass(frozen=True)
class Found:
    """A session that was decided again."""

    day: str
    future: str
    """What was done to it."""
    compared: int
    """Facts that were held against each other."""
    difference: Difference | None


def lookahead_check(wish: Wish, overrides: Mapping[str, str], samples: int, tell: Tell) -> dict[str, Any]:
    """Whether a decision changes with what came after it.

    Returns:
        The document `perun.lookahead/1`; `same` tells the answer.

    Raises:
        ConfigurationError: the days or symbols are no good.
    """
    stage, texts = set_up(wish, overrides)
    found = []
    for each in check(stage, texts, samples, RecordedMarket.from_folder):
        tell(f"{each.day}, {each.future}: {'the same' if each.difference is None else each.difference.what}")
        found.append(each)
    return {
        "schema": "perun.lookahead/1",
        "plan": stage.plan.fingerprint,
        "same": all(each.difference is None for each in found),
        "sessions": [_told(each) for each in found],
    }


def check(stage: Stage, texts: Mapping[str, Prompt], samples: int, opens: Opens) -> Iterator[Found]:
    """Play the days; before each sampled session the books are copied, and it is decided once more on each copy."""
    with TemporaryDirectory(prefix="perun-lookahead-") as scratch:
        bench = _Bench(replace(stage, folder=Path(scratch) / "whole"), texts, opens)
        whole = bench.on("whole", bench.stage.market.sessions(), bench.bars)
        for number in sampled(len(stage.days) - 1, samples):
            day = stage.days[number].day
            futures = {"without its future": cut_after(bench.bars, day), "another future": other_after(bench.bars, day)}
            bench.play(whole, number)
            copies = [bench.copied(number, name, bars) for name, bars in futures.items()]
            known = bench.decide(whole, number)
            for name, copy in zip(futures, copies, strict=True):
                told = bench.decide(copy, number)
                yield Found(day.isoformat(), name, len(known), first_difference(known, told))


@dataclass(frozen=True)
class _Bench:
    """Where sessions are decided again: the whole replay, and copies of its books."""

    stage: Stage
    texts: Mapping[str, Prompt]
    opens: Opens

    @property
    def bars(self) -> Histories:
        """Every bar of the symbols that are watched."""
        sessions = self.stage.market.sessions()
        evening = self.stage.market.at(sessions[-1].closes)
        return {symbol: evening.bars(symbol, len(sessions)) for symbol in self.stage.plan.symbols}

    def on(self, name: str, sessions: Sequence[Session], bars: Histories) -> Stage:
        """The stage on those bars, with books under that name."""
        folder = self.stage.folder.with_name(name)
        write_folder(folder / "market", Origin(package=name, version="1", licence="the recorded days'"), sessions, bars)
        return replace(self.stage, folder=folder, market=self.opens(folder / "market"))

    def copied(self, number: int, name: str, bars: Histories) -> Stage:
        """The stage on those bars, with the books as they stand before that session is decided."""
        kept = [session for session in self.stage.market.sessions() if session.day <= self.stage.days[number + 1].day]
        copy = self.on(f"{number} {name}", kept, cut_after(bars, kept[-1].day))
        copytree(self.stage.folder / "policy-0", copy.folder / "policy-0")
        return copy

    def play(self, stage: Stage, number: int) -> None:
        """Open an account, and decide every session before that one."""
        with stage.open(0, self.texts) as floor:
            for _ in play(floor, stage.days[: number + 1], stage.plan.symbols):
                pass

    def decide(self, stage: Stage, number: int) -> Facts:
        """Decide that session; what was seen, said and measured."""
        with stage.open(0, self.texts) as floor:
            for _ in play(floor, stage.days[number : number + 2], stage.plan.symbols):
                pass
            ledger, evening = floor.hand.ledger, stage.days[number + 1].closes
            return facts(ledger, ledger.cycles.finished_before(floor.account, evening, 1)[0])


def _told(found: Found) -> dict[str, Any]:
    difference = found.difference
    return {
        "day": found.day,
        "future": found.future,
        "compared": found.compared,
        "difference": None if difference is None else vars(difference),
    }


def page(document: Mapping[str, Any]) -> None:
    """The document for a person."""
    for row in document["sessions"]:
        if (found := row["difference"]) is not None:
            print(f"{row['day']} is decided otherwise {row['future']}: {found['what']}")
            print(f"  was     …{found['was']}…\n  became  …{found['became']}…")
            return
    compared = sum(row["compared"] for row in document["sessions"])
    print(f"no look-ahead found: {compared} facts of {len(document['sessions'])} decisions are the same to the byte")
