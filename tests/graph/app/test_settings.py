"""Settings are read from four sources, and a bad one is a clear line that shows no secret."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from perun.graph.app import reading
from perun.graph.app.reading import NAMES, Configuration, is_secret, read_settings
from perun.graph.app.settings import Settings
from perun.tools.domain.errors import ConfigurationError

LIMITS = [
    "MIN_CONFIDENCE",
    "LLM_TIMEOUT_SECONDS",
    "LLM_MAX_CALLS_PER_CYCLE",
    "LLM_MAX_TOKENS_PER_CYCLE",
    "LLM_MAX_USD_PER_DAY",
    *(name for field, name in NAMES.items() if field.startswith(("risk_", "stop_", "max_", "daily_", "cooldown_"))),
    "PRICE_COLLAR_PERCENT",
    "ALLOW_SHORT",
    "ALPACA_PAPER",
    "DATA_DIR",
    "WEB_HOST",
]
"""Settings for which an empty value must not quietly mean something."""

Reading = Callable[..., Configuration]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a setting in it, to which a test adds."""
    for name in NAMES.values():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def read(tmp_path: Path, environment: pytest.MonkeyPatch) -> Reading:
    """`read(text of .env, NAME="from the command line")`; no text, no file."""

    def read_with(dotenv: str | None = None, **overrides: str) -> Configuration:
        if dotenv is not None:
            (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
        return read_settings(overrides, tmp_path)

    return read_with


def _refusal(read: Reading, dotenv: str, **overrides: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(dotenv, **overrides)
    return str(caught.value).splitlines()


def test_when_nothing_is_set_then_every_value_is_a_default(read: Reading) -> None:
    configuration = read()
    assert configuration.settings == Settings()
    assert configuration.origins == dict.fromkeys(NAMES.values(), "default")
    assert configuration.warnings == ()


def test_when_sources_disagree_then_the_nearer_one_wins_and_is_named(
    read: Reading, environment: pytest.MonkeyPatch
) -> None:
    dotenv = "MAX_OPEN_POSITIONS=2\nMAX_ORDERS_PER_DAY=2\nCOOLDOWN_MINUTES=2\n"
    environment.setenv("MAX_ORDERS_PER_DAY", "3")
    environment.setenv("COOLDOWN_MINUTES", "3")
    configuration = read(dotenv, COOLDOWN_MINUTES="4")
    settings, origins = configuration.settings, configuration.origins
    assert (settings.max_open_positions, origins["MAX_OPEN_POSITIONS"]) == (2, ".env")
    assert (settings.max_orders_per_day, origins["MAX_ORDERS_PER_DAY"]) == (3, "environment")
    assert (settings.cooldown_minutes, origins["COOLDOWN_MINUTES"]) == (4, "command line")
    assert (settings.max_orders_per_minute, origins["MAX_ORDERS_PER_MINUTE"]) == (10, "default")


def test_when_values_are_bad_then_each_is_a_line_with_name_value_source_and_remedy(
    read: Reading, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("MAX_OPEN_POSITIONS", "-1")
    assert _refusal(read, "BROKER=robinhood\nTRADING_SCHEDULE=noon\n", DEFAULT_SYMBOLS="AAPL,ibm") == [
        "DEFAULT_SYMBOLS='AAPL,ibm' (from command line): "
        "should be symbols in capitals, separated by commas, such as AAPL,BRK.B",
        "TRADING_SCHEDULE='noon' (from .env): "
        "should be events such as open+10m, close-15m or every 30m, separated by commas",
        "BROKER='robinhood' (from .env): input should be 'embedded' or 'alpaca'",
        "MAX_OPEN_POSITIONS='-1' (from environment): input should be greater than or equal to 0",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "MIN_CONFIDENCE=1.1",
        "TRADING_SCHEDULE=open+400m",
        "TRADING_SCHEDULE=every 0m",
        "MIN_CONFIDENCE=nan",
        "RISK_LIMIT_PERCENT=0",
        "RISK_LIMIT_PERCENT=NaN",
        "MAX_POSITION_PERCENT=100.1",
        "MAX_GROSS_EXPOSURE_PERCENT=1001",
        "MAX_ORDER_NOTIONAL=0",
        "MAX_ORDER_NOTIONAL=Infinity",
        "STOP_ATR_MULTIPLE=-1",
        "EMBEDDED_SLIPPAGE_BPS=-1",
        "EMBEDDED_START=yesterday",
        "MAX_OPEN_POSITIONS=2.5",
        "LLM_TIMEOUT_SECONDS=inf",
        "LLM_PROVIDER=anthropic",
        "OPENAI_BASE_URL=example.com",
        "OPTIMIZATION_SCHEDULE=daily",
        "TRADING_SCHEDULE=close-15m,",
        "ALLOW_SHORT=perhaps",
        "WEB_PORT=65536",
        "RESTRICTED_SYMBOLS=gme",
    ],
)
def test_when_a_value_is_out_of_bounds_then_it_is_refused_by_name(line: str, read: Reading) -> None:
    name, _, value = line.partition("=")
    (said,) = _refusal(read, line)
    assert said.startswith(f"{name}='{value}' (from .env): ")


@pytest.mark.parametrize("name", LIMITS)
def test_when_a_limit_is_empty_then_it_is_refused_and_no_default_stands_in(name: str, read: Reading) -> None:
    (said,) = _refusal(read, f"{name}=")
    assert said.startswith(f"{name}='' (from .env): ")


@pytest.mark.parametrize("name", ["LLM_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "LOCAL_MODEL", "DATABASE_URL"])
def test_when_a_setting_that_may_be_absent_is_empty_then_it_is_absent(name: str, read: Reading) -> None:
    assert getattr(read(f"{name}=").settings, name.lower()) is None


def test_when_settings_are_bad_then_no_secret_is_shown(read: Reading) -> None:
    secrets = [name for field, name in NAMES.items() if is_secret(field)]
    lines = [f"{name}=sk-{number}-hidden-and-long" for number, name in enumerate(secrets)]
    said = _refusal(read, "\n".join([*lines, "OPENAI_BASE_URL=ftp://me:sk-hidden@host/v1", "BROKER=x"]))
    assert len(said) == 2
    assert "ftp://…@host/v1" in said[0]
    assert "hidden" not in "".join(said)


def test_when_a_secret_itself_is_bad_then_its_name_is_shown_and_not_its_value(
    read: Reading, environment: pytest.MonkeyPatch
) -> None:
    # No secret of today has a form that it could miss, so another setting plays the secret.
    environment.setattr(reading, "is_secret", lambda field: field == "broker")
    (said,) = _refusal(read, "BROKER=hidden")
    assert said.startswith("BROKER=… (from .env): ")
    assert "hidden" not in said


def test_when_secrets_are_listed_then_they_are_the_keys_tokens_and_addresses_with_a_password() -> None:
    assert {name for field, name in NAMES.items() if is_secret(field)} == {
        "DATABASE_URL",
        "OPENAI_API_KEY",
        "GOOGLE_API_KEY",
        "PERPLEXITY_API_KEY",
        "ALPACA_API_KEY",
        "ALPACA_SECRET_KEY",
        "WEB_TOKEN",
        "NOTIFY_URLS",
    }


def test_when_a_secret_is_set_then_the_settings_do_not_print_it(read: Reading) -> None:
    settings = read("OPENAI_API_KEY=sk-hidden").settings
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-hidden"
    assert "hidden" not in f"{settings!r}{settings}{settings.model_dump_json()}"


@pytest.mark.parametrize("slip", ["MAX_POSTION_PERCENT", "max_position_percent", "MAX_POSITION_PERCENTS"])
def test_when_a_name_in_dotenv_is_nearly_a_setting_then_it_is_pointed_out(slip: str, read: Reading) -> None:
    assert read(f"{slip}=3").warnings == (f"{slip} in .env is not a setting; did you mean MAX_POSITION_PERCENT?",)


def test_when_a_name_in_dotenv_is_nothing_like_a_setting_then_it_is_let_be(read: Reading) -> None:
    assert read("PGPASSWORD=x\nexport HTTP_PROXY=y\n").warnings == ()


def test_when_a_line_of_dotenv_says_nothing_clear_then_it_is_refused_and_not_shown(
    read: Reading, tmp_path: Path
) -> None:
    said = _refusal(read, "MAX_OPEN_POSITIONS=2\nMAX_POSITION_PERCENT 5\nOPENAI_API_KEY sk-hidden\nBROKER='embedded\n")
    assert said == [f"{tmp_path}/.env line {line}: should read NAME=value" for line in (2, 3, 4)]


def test_when_dotenv_is_not_text_then_it_is_refused_by_its_path(read: Reading, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"BROKER=\xff\xfe")
    with pytest.raises(ConfigurationError, match=rf"^{tmp_path}/\.env cannot be read: .*UTF-8$"):
        read()


def test_when_dotenv_is_a_folder_then_it_is_refused_by_its_path(read: Reading, tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(ConfigurationError, match=rf"^{tmp_path}/\.env cannot be read: .*"):
        read()


def test_when_dotenv_is_written_by_other_editors_then_it_is_read_all_the_same(read: Reading, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b'\xef\xbb\xbfMAX_OPEN_POSITIONS=2\r\nexport BROKER="embedded" # ours\r\n')
    configuration = read()
    assert configuration.settings.max_open_positions == 2
    assert configuration.origins["BROKER"] == ".env"


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("AAPL,IBM", ("AAPL", "IBM")),
        ('" AAPL , IBM "', ("AAPL", "IBM")),
        ("IBM,AAPL,IBM,", ("IBM", "AAPL")),
        ("BRK.B", ("BRK.B",)),
    ],
)
def test_when_symbols_are_listed_then_they_are_taken_in_order_and_once(
    text: str, symbols: tuple[str, ...], read: Reading
) -> None:
    assert read(f"DEFAULT_SYMBOLS={text}").settings.default_symbols == symbols


@pytest.mark.parametrize("text", ["aapl", "AAPL IBM", "AAPL;IBM", "", ",", "$AAPL", "1AAPL", "ABCDEFGHIJK"])
def test_when_a_symbol_is_none_then_the_list_is_refused(text: str, read: Reading) -> None:
    (said,) = _refusal(read, f"DEFAULT_SYMBOLS='{text}'")
    assert said == (
        f"DEFAULT_SYMBOLS={text!r} (from .env): should be symbols in capitals, separated by commas, such as AAPL,BRK.B"
    )


def test_when_no_symbol_is_restricted_then_the_list_may_be_empty(read: Reading) -> None:
    assert read("RESTRICTED_SYMBOLS=").settings.restricted_symbols == ()


def test_when_a_percentage_is_written_with_its_sign_then_the_refusal_says_how_to_write_it(read: Reading) -> None:
    assert _refusal(read, "MAX_POSITION_PERCENT=20%") == [
        "MAX_POSITION_PERCENT='20%' (from .env): "
        "should be a percentage above 0 and at most 100, without a sign, such as 20"
    ]


def test_when_a_value_holds_percent_and_dollar_signs_then_it_stays_as_written(read: Reading) -> None:
    assert read("DATA_DIR='a%20b%(c)s$HOME${X}'").settings.data_dir == Path("a%20b%(c)s$HOME${X}")


def test_when_a_percentage_is_read_then_it_is_exact(read: Reading) -> None:
    assert read("RISK_LIMIT_PERCENT=0.1").settings.risk_limit_percent.root == Decimal("0.1")


def test_when_settings_are_read_then_they_cannot_be_edited(read: Reading) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read().settings.max_open_positions = 100  # type: ignore[misc] # that is the point
