"""A replay's report as a real browser shows it. Skipped, and said so, where there is no Chromium."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.baselines import Ground, buy_and_hold, chance, equal_weight
from perun.graph.replay.figures import metrics
from perun.graph.replay.plan import Plan
from perun.graph.replay.playing import sessions_between
from perun.graph.replay.report import Replay, as_html
from perun.graph.replay.telling import Cost, Decision
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.events import Usage
from perun.tools.market.recorded import RecordedMarket

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
NASTY = "<script>document.title='taken'</script>\"><img src=http://127.0.0.1:9/x onerror=\"document.title='taken'\">"
BEGINS, ENDS = date(2009, 6, 1), date(2009, 6, 12)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="module")
def replay() -> Replay:
    """Two weeks of one share, bought on the third evening and sold on the sixth; a third wish is denied."""
    market = RecordedMarket.shipped()
    days = sessions_between(market, BEGINS, ENDS)
    ground = Ground(days, days, ("IBM",), market.bar, Decimal(100_000), ExchangeSettings(start=BEGINS))

    def decision(number: int, action: str, *breaches: str) -> Decision:
        after = {1: Decimal("0.0123"), 5: None, 20: None}
        asked = action != "HOLD"
        at, cleared = days[number].closes, asked and not breaches
        return Decision("slot", at, "IBM", action, 0.7, "p", asked, cleared, breaches, after, after)

    wishes = (decision(2, "BUY"), decision(3, "HOLD"), decision(5, "SELL"), decision(6, "BUY", "MAX_POSITION_SIZE"))
    spent = Usage(calls=3, input_tokens=1200, output_tokens=34, cost_usd=Decimal("0.0215"))
    costs = [Cost("slot", "trader", "openai:some-model", spent)]
    policy = replace(chance(ground, 1, 6, Decimal("0.5")), run="policy", seed=0, decisions=wishes, costs=costs)
    told: list[RunTold] = [policy, buy_and_hold(ground), equal_weight(ground)]
    plan = Plan(
        begins=BEGINS,
        ends=ENDS,
        symbols=("IBM",),
        provider="openai",
        control="shuffled",
        control_seed=3,
        cash=Decimal(100_000),
        knowledge="inside",
        settings={"MAX_OPEN_POSITIONS": "5"},
    )
    closes = {"IBM": {day.day: bar.close for day in days if (bar := market.bar("IBM", day.day))}}
    return Replay(plan, told, metrics(plan, told), 4, closes)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def opened(browser: Browser, file: Path, replay: Replay, width: int = 1280, scheme: str = "light") -> Page:
    """The page, shown; it asked for nothing but itself, and the browser had nothing to complain of."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(message.text))
    file.write_text(as_html(replay), encoding="utf-8")
    page.goto(file.as_uri())
    assert seen == [file.as_uri()]
    return page


@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_when_a_report_is_opened_then_labels_curves_and_decisions_are_seen_and_nothing_stands_beyond_the_edge(
    browser: Browser, tmp_path: Path, replay: Replay, width: int, scheme: str
) -> None:
    page = opened(browser, tmp_path / "report.html", replay, width, scheme)
    labels = page.locator(".label").all_inner_texts()
    assert {"knowledge: inside", "control: shuffled, seed 3", "seeds: 0", "trial 4 on these days"} < set(labels)
    charts = page.get_by_role("img")
    assert charts.count() == 4, "equity, drawdown, exposure, and the share"
    for chart in charts.all():
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 250
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    assert page.locator("path.did-buy").count() == 1 + 1, "the mark and its key"
    assert page.locator("path.did-sell").count() == 1 + 1
    assert page.locator("path.did-nothing").count() == 1 + 1
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@needs_chromium
def test_when_a_chart_cannot_be_seen_then_its_numbers_open_as_a_table(
    browser: Browser, tmp_path: Path, replay: Replay
) -> None:
    page = opened(browser, tmp_path / "report.html", replay)
    numbers = page.locator("details", has_text="Equity: the numbers, every session")
    last = numbers.locator("tr").last
    assert not last.is_visible()
    numbers.locator("summary").click()
    said = [f"{told.standings[-1].equity:,.0f}" for told in replay.runs]
    assert last.locator("td").all_inner_texts() == ["2009-06-12", *said]
    page.locator("summary", has_text="IBM: the numbers").click()
    denied = page.locator("tr", has_text="MAX_POSITION_SIZE").first
    assert denied.locator("td").all_inner_texts()[2:6] == ["BUY", "0.70", "MAX_POSITION_SIZE", "+1.23 %"]


@needs_chromium
def test_when_texts_are_full_of_tags_then_they_are_shown_and_none_of_them_works(
    browser: Browser, tmp_path: Path, replay: Replay
) -> None:
    first, *others = replay.runs
    nasty = replace(
        first,
        costs=[replace(first.costs[0], role=NASTY, model=NASTY)],
        decisions=[replace(each, breaches=(NASTY,)) for each in first.decisions],
    )
    plan = replay.plan.model_copy(update={"provider": NASTY, "settings": {NASTY: NASTY}})
    closes = {NASTY: replay.closes["IBM"]}
    page = opened(browser, tmp_path / "b.html", replace(replay, plan=plan, runs=[nasty, *others], closes=closes))
    assert page.title() == f"Perun: replay {plan.fingerprint}"
    assert page.locator("script, img").count() == 0
    assert page.get_by_text(NASTY).count() >= 5


def test_when_a_report_is_written_then_it_refers_to_nothing_outside(replay: Replay) -> None:
    page = as_html(replay)
    assert not re.findall(r"https?:|//\w|@import|url\(|src=|href=|<script|<link|<iframe", page)
    assert "default-src 'none'" in page


def test_when_a_figure_is_told_then_its_interval_stands_below_it_and_a_missing_one_says_so(replay: Replay) -> None:
    policy = dict(replay.measured["runs"][0])
    policy["sharpe"] = {"value": 1.234, "low": -0.5, "high": 2.75}
    policy["calmar"] = {"value": None, "low": None, "high": None}
    runs = [policy, *replay.measured["runs"][1:]]
    page = as_html(replace(replay, measured={**replay.measured, "runs": runs}))
    row = page.split("<td>policy</td>")[1].split("</tr>")[0]
    cells = [re.sub(r"<[^>]+>|\s+", " ", cell).split() for cell in row.split("</td>")]
    assert ["1.23", "-0.50", "to", "2.75"] in cells
    assert ["n/a", "n/a"] in cells
