"""How a replay's report looks: one style sheet that stands inside the page, for light and for dark."""

from typing import Final

from perun.graph.trace.style import STYLE

_MORE: Final = """
:root { --policy: #0b62b0; --arm: #0aa3c2; --hold: #c2410c; --equal: #0a7f5a; --momentum: #a33a8b; --random: #7a7a7a;
  --price: #444; }
@media (prefers-color-scheme: dark) { :root { --policy: #5cb0ff; --arm: #57d6ea; --hold: #ff9a5c; --equal: #3ecf9f;
  --momentum: #e68fd0; --random: #9a9a9a; --price: #bbb; } }
figure { margin: 1.4rem 0; }
figure h3 { margin: 0 0 .2rem; }
.plot { position: relative; height: 17rem; margin-left: 4.8rem; }
.plot svg { position: absolute; width: 100%; height: 100%; overflow: visible; }
.plot .level { position: absolute; right: 100%; padding-right: .5rem; transform: translateY(-50%);
  white-space: nowrap; font-size: .8em; color: var(--dim); font-variant-numeric: tabular-nums; }
.days { display: flex; justify-content: space-between; margin: .3rem 0 .5rem 4.8rem; font-size: .8em;
  color: var(--dim); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .4rem 0; padding: 0;
  font-size: .9em; }
.legend svg { width: 24px; height: 10px; margin-right: .4rem; }
svg * { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
svg .rule { stroke: var(--line); stroke-width: .6; }
svg .run-policy { stroke: var(--policy); stroke-width: 2.6; }
svg .run-arm { stroke: var(--arm); stroke-dasharray: 12 4; stroke-width: 1.8; }
svg .run-hold { stroke: var(--hold); }
svg .run-equal { stroke: var(--equal); stroke-dasharray: 7 3; }
svg .run-momentum { stroke: var(--momentum); stroke-dasharray: 2 3; }
svg .run-random { stroke: var(--random); stroke-dasharray: 9 3 2 3; stroke-width: 1.1; }
svg .price { stroke: var(--price); stroke-width: 1.1; }
svg .mark { stroke-width: 8; stroke-linecap: round; }
svg .did-buy { stroke: var(--good); }
svg .did-sell { stroke: var(--bad); stroke-linecap: square; }
svg .did-close { stroke: var(--momentum); stroke-width: 5; stroke-linecap: square; }
svg .did-nothing { stroke: var(--random); stroke-width: 5; }
.label { display: inline-block; border: 1px solid var(--line); border-radius: .3rem; padding: .1rem .5rem;
  margin: .15rem .3rem .15rem 0; font-size: .9em; }
.figures td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures td:first-child { text-align: left; }
.figures .dim { display: block; font-size: .85em; }
@media print { .plot { break-inside: avoid; } }
"""

REPORT_STYLE: Final = STYLE + _MORE
