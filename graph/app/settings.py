"""Every setting with its type, bounds, default and meaning; `.env.example` is made from this file."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from perun.graph.app.bounds import (
    Costs,
    Count,
    Cron,
    Dollars,
    Exposure,
    Fallback,
    File,
    Folder,
    Host,
    Lanes,
    NoDay,
    NoSymbols,
    PriceList,
    Schedule,
    Seconds,
    Secret,
    Share,
    Symbols,
    Text,
    Token,
    Tokens,
    Url,
    from_zero_to,
)
from perun.tools.domain.money import Percent


class Settings(BaseModel):
    """All that a person may choose. The name in the environment is the field's in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    # The desk
    default_symbols: Symbols = ("AAPL", "GOOG", "IBM", "MSFT")
    """what the desk watches"""
    trading_schedule: Schedule = "close-15m"
    """session events (open+10m, close-15m) or every 30m, comma separated, in exchange time"""
    min_confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.6
    """below it a signal is a HOLD; 0 to 1"""
    data_dir: Folder = Path("data")
    """where memory, ledger and the embedded exchange's books are kept"""
    executor_id: Text = None
    """fixed name of this process among those that share the work; empty means the machine's name"""
    stop_grace_seconds: Seconds = 30
    """how long a stopped daemon may finish its work; then the slot is parked"""
    housekeeping_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """how often the daemon sees to orders, stops and marks between cycles"""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """port on loopback where a running daemon says how it is; 0 is off"""
    notify_urls: Secret = None
    """whom a running daemon tells of halts, fills and failures: addresses for Apprise, comma separated; empty is off"""
    database_url: Secret = None
    """postgresql://user:password@host/database for ledger and checkpoints; empty keeps them in files of DATA_DIR"""
    desk_wait_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 300
    """how long a command that trades waits while another process is the account's desk, in seconds"""
    checkpoint_keep_cycles: Annotated[int, Field(ge=1)] = 50
    """finished cycles whose steps are kept, to fork them from; older ones keep their record in the ledger"""
    chroma_url: Url = None
    """a Chroma server instead of an index in DATA_DIR; a path at its end names the collection, one for each DATA_DIR"""
    memory_hits: Annotated[int, Field(ge=0, le=20)] = 4
    """memories that an analyst is shown because they resemble the situation"""
    memory_recent: Annotated[int, Field(ge=0, le=20)] = 5
    """latest trades, signals and analyses of the symbol that an analyst is shown beside them"""
    memory_characters: Annotated[int, Field(ge=500, le=50000)] = 6000
    """most characters of all memories that an analyst is shown"""
    memory_half_life_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] = 180
    """age at which a memory's recency counts half"""
    memory_timeout_seconds: Seconds = 30
    """how long the index may take for one answer; after it only the latest memories come"""
    memory_keep_days: Count = 0
    """market, portfolio and log memories older than this are deleted; 0 keeps them; other kinds always stay"""
    memory_compact_after_days: Count = 0
    """months that ended so long ago have one file of memories for each kind but trades and lessons; 0 is never"""

    # Models
    llm_provider: Literal["auto", "openai", "google", "local", "baseline"] = "auto"
    """auto, openai, google, local or baseline (no LLM); auto picks by the key that is set"""
    llm_model: Text = None
    """model for every role; empty means the provider's default"""
    llm_model_researcher: Text = None
    """model for the researcher alone"""
    llm_model_analyst: Text = None
    """model for the analyst alone"""
    llm_model_trader: Text = None
    """model for the trader alone"""
    llm_model_risk_manager: Text = None
    """model for the risk manager alone"""
    local_model: File = None
    """path of a GGUF file that LLM_PROVIDER=local serves inside the process (extra [local])"""
    openai_api_key: Secret = None
    """key of OpenAI, or of a server that speaks its protocol"""
    openai_base_url: Url = None
    """another server of OpenAI's protocol"""
    google_api_key: Secret = None
    """key of Gemini"""
    google_base_url: Url = None
    """another server of Gemini's protocol"""
    perplexity_api_key: Secret = None
    """key of Perplexity, for research"""
    perplexity_base_url: Url = None
    """another server of Perplexity's protocol"""
    perplexity_model: Host = "sonar"
    """model that searches the web for the researcher"""
    news_dir: File = None
    """folder of *.jsonl files with recorded news: id, symbol, published, text, url"""
    alpaca_news: bool = False
    """whether the researcher reads Alpaca's news too, with BROKER=alpaca; costs a question for each symbol"""
    research_cache_minutes: Annotated[int, Field(ge=0, le=10080)] = 60
    """cycles within so many minutes share what was found about a symbol; 0 asks every time"""
    llm_fallback: Fallback = None
    """who is asked when the first model does not answer, in order, such as google:gemini-2.5-flash,local; then hold"""
    llm_timeout_seconds: Seconds = 60
    """longest wait for one answer, retries included, in seconds"""
    llm_max_output_tokens: Tokens = 16000
    """longest answer, thoughts included, in tokens"""
    llm_concurrency: Lanes = 8
    """questions under way at one provider at once"""
    llm_tool_rounds: Annotated[int, Field(ge=0, le=8)] = 2
    """requests of one turn that a model may spend on reading tools; 0 offers it none"""
    llm_max_calls_per_cycle: Count = 60
    """past it the desk holds and says so"""
    llm_max_tokens_per_cycle: Count = 200000
    """past it the desk holds and says so"""
    llm_max_usd_per_day: Costs = Decimal(5)
    """past it the desk holds and says so; US dollars in one UTC day"""
    llm_prices: PriceList = None
    """US dollars for a million tokens, read/written, such as my-model=0.5/2,llama3=0/0; wins over the built-in table"""
    llm_cutoff: NoDay = None
    """last day that the models may have read about, such as 2024-09-30; wins over the built-in table; labels replays"""
    cycle_deadline_seconds: Seconds = 600
    """after it no model is asked any more in a cycle and what is unfinished abstains, in seconds"""

    # Broker
    broker: Literal["embedded", "alpaca"] = "embedded"
    """embedded or alpaca"""
    alpaca_api_key: Secret = None
    """key id of the Alpaca account"""
    alpaca_secret_key: Secret = None
    """secret of the Alpaca account"""
    alpaca_paper: bool = True
    """false, together with LIVE_TRADING, trades real money"""
    live_trading: Text = None
    """must read yes-i-accept-the-risk before a live account is touched"""
    alpaca_trading_url: Url = None
    """another server of Alpaca's trading protocol"""
    alpaca_data_url: Url = None
    """another server of Alpaca's data protocol"""
    alpaca_stream_url: Url = None
    """another server of Alpaca's stream protocol"""
    order_wait_seconds: Seconds = 10
    """how long a run follows its orders, in seconds"""
    broker_timeout_seconds: Seconds = 10
    """read timeout at the broker, in seconds"""
    embedded_start: date = date(2009, 6, 1)
    """session at whose close a new embedded account begins"""
    embedded_cash: Dollars = Decimal(100000)
    """opening cash of a new embedded account; US dollars"""
    embedded_commission_per_share: Costs = Decimal("0.0049")
    """commission at the embedded exchange; US dollars a share, at most 1% of the order"""
    embedded_commission_minimum: Costs = Decimal("0.99")
    """least commission for one fill; US dollars"""
    embedded_slippage_bps: Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)] = Decimal(5)
    """how much worse than the price a market or stop order fills; hundredths of a percent"""

    # Risk limits
    risk_limit_percent: Share = Percent(Decimal(1))
    """most of equity one trade may lose, entry to stop"""
    stop_atr_multiple: Annotated[Decimal, Field(gt=0, le=20, allow_inf_nan=False)] = Decimal(2)
    """distance from entry to protective stop, in average true ranges of 14 sessions"""
    max_position_percent: Share = Percent(Decimal(20))
    """most of equity in one symbol"""
    max_open_positions: Count = 5
    """symbols held at one time"""
    max_order_notional: Dollars = Decimal(25000)
    """most in one order; US dollars"""
    max_gross_exposure_percent: Exposure = Percent(Decimal(100))
    """most of equity in all symbols together"""
    max_sector_percent: Share = Percent(Decimal(60))
    """most of equity in one sector; what has no known sector counts in the fullest"""
    max_cluster_percent: Share = Percent(Decimal(60))
    """most of equity in symbols that move together"""
    cluster_correlation: Annotated[Decimal, Field(ge=-1, le=1, allow_inf_nan=False)] = Decimal("0.7")
    """from this correlation of daily returns on, symbols move together; -1 to 1"""
    max_net_exposure_percent: Exposure = Percent(Decimal(100))
    """most of equity in long positions less short ones"""
    max_heat_percent: Share = Percent(Decimal(6))
    """most of equity that all positions may lose together down to their stops"""
    max_var_percent: Share = Percent(Decimal(6))
    """most of equity that the book may lose on one day in a hundred"""
    min_cash_percent: Annotated[Percent, from_zero_to(100)] = Percent(Decimal(0))
    """least cash that an entry leaves, of equity"""
    min_margin_cushion_percent: Annotated[Percent, from_zero_to(100)] = Percent(Decimal(25))
    """least equity left above the maintenance margin, of equity"""
    max_adds: Count = 3
    """times that an open position may be enlarged"""
    max_add_loss_percent: Share = Percent(Decimal(5))
    """a position that has lost more than this is not enlarged"""
    daily_loss_limit_percent: Share = Percent(Decimal(3))
    """loss in one session after which the desk only reduces"""
    weekly_loss_limit_percent: Share = Percent(Decimal(6))
    """loss over five sessions after which the desk only reduces"""
    max_drawdown_percent: Share = Percent(Decimal(15))
    """fall from the highest equity after which the desk halts"""
    cooldown_minutes: Count = 60
    """no new entry in a symbol for so long after an exit"""
    max_stop_outs: Count = 2
    """protective stops that may sell in one symbol within five days; then its entries wait"""
    max_losses_in_a_row: Count = 4
    """losing sales in one symbol one after another; then its entries wait five days"""
    max_orders_per_day: Count = 20
    """entries in one session"""
    max_orders_per_minute: Count = 10
    """orders in one minute"""
    max_order_quantity: Count = 10000
    """shares in one order"""
    max_notional_per_hour: Dollars = Decimal(100000)
    """entries within an hour; US dollars"""
    max_turnover_percent: Exposure = Percent(Decimal(200))
    """most traded in one session, of equity"""
    max_round_trips_per_day: Count = 2
    """times that one symbol may be bought and sold in a session"""
    max_consecutive_rejects: Count = 5
    """orders refused by the broker one after another, after which the desk only reduces"""
    duplicate_window_minutes: Count = 5
    """within so many minutes nearly the same order is a duplicate"""
    decision_ttl_seconds: Count = 600
    """how old a decision may be when its order is sent"""
    price_collar_percent: Share = Percent(Decimal(5))
    """how much worse than the quote a market order is counted"""
    max_spread_percent: Share = Percent(Decimal(1))
    """widest spread between bid and ask, of their middle"""
    max_participation_percent: Share = Percent(Decimal("2.5"))
    """most of the average daily volume of 20 sessions in one order"""
    max_price_jump_percent: Share = Percent(Decimal(25))
    """furthest that a price may stand from the previous close"""
    max_quote_age_seconds: Count = 60
    """a quote older than this is stale and denies entries"""
    max_clock_skew_seconds: Count = 30
    """most that the machine's clock may differ from the broker's"""
    no_entry_first_minutes: Count = 0
    """no entry for so long after the open"""
    no_entry_last_minutes: Count = 0
    """no entry for so long before the close"""
    restricted_symbols: NoSymbols = ()
    """symbols that may not be bought"""
    allow_short: bool = False
    """whether positions below zero may be opened"""

    # Optimization, pages and traces
    optimization_schedule: Cron = "0 6 * * SAT"
    """when to review performance and prompts; five cron fields"""
    optimization_prompt_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.05
    """the least improvement worth promoting"""
    optimization_auto_promote: bool = False
    """whether an eligible prompt is put in use without a person"""
    optimization_model: Text = None
    """model that writes other words for a prompt; empty means the one whose prompt it is"""
    optimization_max_usd: Costs = Decimal(5)
    """most that one search for other words may cost, its replays included; US dollars"""
    optimization_shadow_cycles: Annotated[int, Field(ge=1, le=1000)] = 10
    """cycles that a promoted prompt decides beside the one in use, in its shadow, before it speaks"""
    web_host: Host = "127.0.0.1"
    """address of the web pages; another host than loopback needs WEB_TOKEN"""
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """port of the web pages"""
    web_token: Token = None
    """what a browser must show when WEB_HOST is not loopback; 16 characters or more"""
    otel_exporter_otlp_endpoint: Url = None
    """send traces to any OpenTelemetry backend as well"""
