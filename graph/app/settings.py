"""Every setting with its type, bounds, default and meaning; `.env.example` is made from this file."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from perun.tools.domain.market import Symbol
from perun.tools.domain.money import Percent

_EVENT: Final = re.compile(r"(open\+|close-)\d{1,3}m|every \d{1,4}m")
_URL: Final = re.compile(r"(https?|wss?)://\S+")
_CRON: Final = re.compile(r"(\S+\s+){4}\S+")


def _symbols(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str):
        value = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    try:
        return check(value)
    except ValidationError:
        raise ValueError("should be symbols in capitals, separated by commas, such as AAPL,BRK.B") from None


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _not_empty(value: Any) -> Any:
    if value == "":
        raise ValueError("should not be empty: give a value, or leave the line out")
    return value


def _above_zero_to(most: int) -> WrapValidator:
    def percent(value: Any, check: ValidatorFunctionWrapHandler) -> Percent:
        refusal = ValueError(f"should be a percentage above 0 and at most {most}, without a sign, such as 20")
        try:
            checked: Percent = check(value)
        except ValidationError:
            raise refusal from None
        if not 0 < checked.root <= most:
            raise refusal
        return checked

    return WrapValidator(percent)


def _schedule(text: str) -> str:
    if not all(_EVENT.fullmatch(part.strip()) for part in text.split(",")):
        raise ValueError("should be events such as open+10m, close-15m or every 30m, separated by commas")
    return text


def _cron(text: str) -> str:
    if not _CRON.fullmatch(text.strip()):
        raise ValueError("should be five cron fields, such as 0 6 * * SAT")
    return text


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("should be an address such as https://host/path")
    return text


Symbols = Annotated[tuple[Symbol, ...], Field(min_length=1, max_length=60), WrapValidator(_symbols)]
NoSymbols = Annotated[tuple[Symbol, ...], WrapValidator(_symbols)]
Share = Annotated[Percent, _above_zero_to(100)]
Exposure = Annotated[Percent, _above_zero_to(1000)]
Dollars = Annotated[Decimal, Field(gt=0, le=10**12, allow_inf_nan=False)]
Costs = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str | None, BeforeValidator(_empty_is_none)]
Secret = Annotated[SecretStr | None, BeforeValidator(_empty_is_none)]
Folder = Annotated[Path, BeforeValidator(_not_empty)]
Host = Annotated[str, BeforeValidator(_not_empty)]
File = Annotated[Path | None, BeforeValidator(_empty_is_none)]
Url = Annotated[Annotated[str, AfterValidator(_url)] | None, BeforeValidator(_empty_is_none)]


class Settings(BaseModel):
    """All that a person may choose. The name in the environment is the field's in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    # The desk
    default_symbols: Symbols = ("AAPL", "GOOG", "IBM", "MSFT")
    """what the desk watches"""
    trading_schedule: Annotated[str, AfterValidator(_schedule)] = "close-15m"
    """session events (open+10m, close-15m) or every 30m, comma separated, in exchange time"""
    min_confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.6
    """below it a signal is a HOLD; 0 to 1"""
    data_dir: Folder = Path("data")
    """where memory, ledger and the embedded exchange's books are kept"""
    database_url: Secret = None
    """ledger elsewhere than SQLite in DATA_DIR; a secret, since it may hold a password"""
    chroma_url: Url = None
    """a Chroma server instead of an index in DATA_DIR"""

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
    llm_timeout_seconds: Seconds = 60
    """longest wait for one answer, in seconds"""
    llm_max_calls_per_cycle: Count = 60
    """past it the desk holds and says so"""
    llm_max_tokens_per_cycle: Count = 200000
    """past it the desk holds and says so"""
    llm_max_usd_per_day: Costs = Decimal(5)
    """past it the desk holds and says so; US dollars"""

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
    """most of equity in one sector"""
    daily_loss_limit_percent: Share = Percent(Decimal(3))
    """loss in one session after which the desk only reduces"""
    max_drawdown_percent: Share = Percent(Decimal(15))
    """fall from the highest equity after which the desk halts"""
    cooldown_minutes: Count = 60
    """no new entry in a symbol for so long after an exit"""
    max_orders_per_day: Count = 20
    """entries in one session"""
    max_orders_per_minute: Count = 10
    """orders in one minute"""
    price_collar_percent: Share = Percent(Decimal(5))
    """how much worse than the quote a market order is counted"""
    max_quote_age_seconds: Count = 60
    """a quote older than this is stale and denies entries"""
    restricted_symbols: NoSymbols = ()
    """symbols that may not be bought"""
    allow_short: bool = False
    """whether positions below zero may be opened"""

    # Optimization, pages and traces
    optimization_schedule: Annotated[str, AfterValidator(_cron)] = "0 6 * * SAT"
    """when to review performance and prompts; five cron fields"""
    optimization_prompt_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.05
    """the least improvement worth promoting"""
    optimization_auto_promote: bool = False
    """whether an eligible prompt is put in use without a person"""
    web_host: Host = "127.0.0.1"
    """address of the web pages; another host than loopback needs WEB_TOKEN"""
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """port of the web pages"""
    web_token: Secret = None
    """what a browser must show when WEB_HOST is not loopback"""
    otel_exporter_otlp_endpoint: Url = None
    """send traces to any OpenTelemetry backend as well"""
