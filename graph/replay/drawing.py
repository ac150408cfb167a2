"""Charts as inline SVG: lines over sessions, marks on them, and words beside them that stay readable at any width.

The drawing stretches with the window and the words do not: lines keep their width (`non-scaling-stroke`), and a mark is
a line of no length with a thick end, which stays round or square.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

from perun.graph.trace.markup import Markup, folded, joined, table, tag, text

WIDE: Final = 1000
HIGH: Final = 1000
"""The drawing's own units, stretched to whatever place there is."""
_ROWS: Final = 60
"""Of a chart's table; the files beside the page have every session."""
_GRID: Final = 4
_ROOM: Final = 0.04
"""Of the height that is left free above and below."""


@dataclass(frozen=True)
class Line:
    """One value for each session; None where there was none. The first line of a chart is drawn over the others."""

    name: str
    look: str
    """Class of the style sheet: a run's colour and dashes."""
    values: Sequence[float | None]


@dataclass(frozen=True)
class Mark:
    """A point on a session: what happened there."""

    name: str
    look: str
    session: int
    """The session's number."""
    value: float


@dataclass(frozen=True)
class Chart:
    """What one picture shows."""

    title: str
    told: str
    """One sentence for whoever cannot see it, and for everybody below the title."""
    days: Sequence[str]
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    say: Callable[[float], str] = "{:,.0f}".format
    """A value in words."""
    rows: Sequence[Sequence[object]] | None = None
    """Rows of the table, under `titles`; the lines' own values when not given."""
    titles: Sequence[str] = ()


def drawn(chart: Chart) -> Markup:
    """The picture with its legend, and its numbers as a table that opens."""
    names = [*((line.name, line.look) for line in chart.lines), *((mark.name, mark.look) for mark in chart.marks)]
    return element(
        "figure",
        {},
        tag("h3", chart.title),
        tag("p", chart.told, kind="dim"),
        tag("ul", joined(map(_key, dict.fromkeys(names))), kind="legend"),
        _picture(chart),
        _numbers(chart),
    )


def element(name: str, attributes: Mapping[str, object], *inside: object) -> Markup:
    """An element with attributes; whatever stands in them is escaped."""
    marked = "".join(f' {each}="{escape(str(value))}"' for each, value in attributes.items())
    return Markup(f"<{name}{marked}>{''.join(map(text, inside))}</{name}>")


def steps(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, about five of them."""
    raw = (high - low) / _GRID
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _picture(chart: Chart) -> Markup:
    low, high = _bounds(chart)

    def height(value: float) -> float:
        return HIGH * (high - value) / (high - low)

    ticks = steps(low, high)
    shapes = [*(_rule(height(tick)) for tick in ticks)]
    shapes += [shape for line in chart.lines[::-1] for shape in _strokes(line, height)]
    shapes += [_dot(mark, len(chart.days), height) for mark in chart.marks]
    seen = {"viewBox": f"0 0 {WIDE} {HIGH}", "preserveAspectRatio": "none", "role": "img", "aria-label": chart.told}
    levels = [_label(chart.say(tick), "level", f"top:{height(tick) / HIGH:.2%}") for tick in ticks]
    picture = element("div", {"class": "plot"}, element("svg", seen, *shapes), *levels)
    return joined((picture, tag("div", *(tag("span", day) for day in _few(chart.days)), kind="days")))


def _bounds(chart: Chart) -> tuple[float, float]:
    values = [value for line in chart.lines for value in line.values if value is not None]
    values += [mark.value for mark in chart.marks]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * _ROOM or abs(high) * _ROOM or 1.0
    return low - room, high + room


def _strokes(line: Line, height: Callable[[float], float]) -> Iterable[Markup]:
    """The line, in as many pieces as its gaps make of it."""
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(line.values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{_across(place, len(line.values))},{height(value):.1f}")
    return (element("polyline", {"class": line.look, "points": " ".join(each)}) for each in pieces if each)


def _dot(mark: Mark, count: int, height: Callable[[float], float]) -> Markup:
    path = f"M{_across(mark.session, count)} {height(mark.value):.1f}h.01"
    return element("path", {"class": f"mark {mark.look}", "d": path})


def _rule(at: float) -> Markup:
    return element("line", {"class": "rule", "x1": 0, "x2": WIDE, "y1": f"{at:.1f}", "y2": f"{at:.1f}"})


def _across(place: int, count: int) -> str:
    return f"{WIDE * place / max(1, count - 1):.1f}"


def _label(words: str, look: str, where: str) -> Markup:
    return element("span", {"class": look, "style": where, "aria-hidden": "true"}, words)


def _few(days: Sequence[str]) -> list[str]:
    """The first day, the middle one and the last."""
    return list(dict.fromkeys((days[0], days[len(days) // 2], days[-1])))


def _key(entry: tuple[str, str]) -> Markup:
    name, look = entry
    mark = "M12 5h.01" if look.startswith("did-") else "M0 5H24"
    kind = f"mark {look}" if look.startswith("did-") else look
    swatch = element(
        "svg", {"viewBox": "0 0 24 10", "aria-hidden": "true"}, element("path", {"class": kind, "d": mark})
    )
    return tag("li", swatch, name)


def _numbers(chart: Chart) -> Markup:
    if chart.rows is not None:
        return folded(f"{chart.title}: the numbers", table(chart.titles, chart.rows) or tag("p", "none"))
    every = max(1, ceil(len(chart.days) / _ROWS))
    last = len(chart.days) - 1
    places = sorted({*range(0, last, every), last})
    rows = ([chart.days[place], *(_said(chart, line.values[place]) for line in chart.lines)] for place in places)
    names = [line.name for line in chart.lines]
    which = "every session" if every == 1 else f"one session in {every}, and the last"
    return folded(f"{chart.title}: the numbers, {which}", table(["session", *names], rows))


def _said(chart: Chart, value: float | None) -> str:
    return "" if value is None else chart.say(value)
