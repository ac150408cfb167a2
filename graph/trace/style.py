"""How an exported page looks: one style sheet that stands inside the page."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --line: #c8c8c8; --dim: #666; --good: #1a7f37; --bad: #b42318; --note: #8a6100;
  --ground: #f6f6f6; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --dim: #a0a0a0; --good: #4ac26b; --bad: #ff7b72;
  --note: #d4a72c; --ground: #1c1c1c; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .3rem 0; }
.dim { color: var(--dim); }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
.note { color: var(--note); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .4rem 0; font-size: .92em; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top; }
th { background: var(--ground); }
td { overflow-wrap: break-word; }
pre { background: var(--ground); border: 1px solid var(--line); padding: .6rem; overflow-x: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85em; margin: .3rem 0; }
details { border-left: 3px solid var(--line); padding-left: .7rem; margin: .4rem 0; }
summary { cursor: pointer; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media print { details { border: 0; } }
"""
