"""The exchange's file: it goes on from where it stood, it never half happens, and nothing damaged is touched."""

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from perun.tools.brokerage.embedded import schema
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.store import Store
from perun.tools.domain.errors import BrokerUnavailable, ConfigurationError
from perun.tools.market.recorded import RecordedMarket
from support.exchange import buy, cleared, exchange_at, pass_session
from support.market import made_market


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    return made_market(tmp_path / "market", {"AAPL": [100, (101, 105, 90, 99), 97, 98], "IBM": [10, 11, 12, 13]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exchange.db"


PRAGMAS = ("journal_mode", "user_version", "application_id")
FILES = {"exchange.db", "exchange.db-wal", "exchange.db-shm"}
POWER_CUT = "BEGIN SELECT RAISE(ABORT, 'power cut'); END"


def sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def everything(exchange: Exchange) -> tuple[object, ...]:
    return exchange.books(), exchange.orders(), exchange.fills(), EmbeddedBook(exchange).portfolio(), exchange.clock()


def test_when_the_exchange_is_opened_again_then_it_goes_on_from_where_it_stood(
    tmp_path: Path, market: RecordedMarket
) -> None:
    with exchange_at(tmp_path, market) as exchange:
        exchange.submit(cleared(buy(5, id="a", stop_loss="95")))
        exchange.submit(cleared(buy(5, "IBM", id="b", limit="5", tif="gtc")))
        pass_session(exchange)
        before = everything(exchange)
    with exchange_at(tmp_path, market, cash=1, start=date(2024, 1, 3)) as again:
        assert everything(again) == before
        pass_session(again)
        assert again.now().date() == date(2024, 1, 3)


def test_when_two_hold_the_same_file_then_each_sees_what_the_other_did(tmp_path: Path, market: RecordedMarket) -> None:
    with exchange_at(tmp_path, market) as one, exchange_at(tmp_path, market) as other:
        one.submit(cleared(buy(5)))
        pass_session(other)
        assert everything(one) == everything(other)
        assert len(one.fills()) == 1


def test_when_many_threads_submit_the_same_order_then_one_is_placed(tmp_path: Path, market: RecordedMarket) -> None:
    exchanges = [exchange_at(tmp_path, market), exchange_at(tmp_path, market)]
    refusals: list[Exception] = []

    def place(exchange: Exchange) -> None:
        try:
            exchange.submit(cleared(buy(1, id="a")))
        except Exception as refusal:  # noqa: BLE001 - whatever it was, the main thread judges it
            refusals.append(refusal)

    threads = [threading.Thread(target=place, args=(exchanges[number % 2],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(exchanges[0].orders()) == 1
    assert {str(refusal) for refusal in refusals} == {"client_order_id must be unique"}
    assert len(refusals) == 7


@pytest.mark.parametrize("table", ["orders", "fills", "holdings"])
def test_when_an_advance_breaks_half_way_then_none_of_it_happened_and_it_can_be_done_again(
    tmp_path: Path, market: RecordedMarket, path: Path, table: str
) -> None:
    with exchange_at(tmp_path, market) as exchange:
        exchange.submit(cleared(buy(5, id="a", stop_loss="95")))
        exchange.submit(cleared(buy(5, "IBM", id="b")))
        before = everything(exchange)
        sql(path, f"CREATE TRIGGER cut BEFORE INSERT ON {table} {POWER_CUT}")
        with pytest.raises(ConfigurationError, match="power cut"):
            pass_session(exchange)
        assert everything(exchange) == before

        sql(path, "DROP TRIGGER cut")
        pass_session(exchange)
        assert [fill.client_order_id for fill in exchange.fills()] == ["a", "b", "a-stop"]


def test_when_an_order_breaks_half_way_then_neither_it_nor_its_stop_exists(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    with exchange_at(tmp_path, market) as exchange:
        sql(
            path,
            f"CREATE TRIGGER cut BEFORE INSERT ON orders WHEN NEW.client_order_id = 'a-stop' {POWER_CUT}",
        )
        with pytest.raises(ConfigurationError, match="power cut"):
            exchange.submit(cleared(buy(5, id="a", stop_loss="95")))
        assert exchange.orders() == ()


def test_when_another_process_holds_the_file_then_the_broker_is_unavailable(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    exchange_at(tmp_path, market).close()
    store = Store(path, wait_seconds=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BrokerUnavailable, match="locked"), store.writing():
            pass
    with store.writing():
        store.save(store.books(), store.books())
    store.close()


def damage_text(path: Path) -> None:
    path.write_text("once upon a time " * 100)


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def damage_scrambled(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096:8192] = b"\xa5" * 4096
    path.write_bytes(whole)


def damage_last_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096] + b"\xa5" * 4096)


def damage_foreign(path: Path) -> None:
    path.unlink()
    sql(path, "CREATE TABLE recipes (name TEXT)")


def damage_newer(path: Path) -> None:
    sql(path, "PRAGMA user_version = 99")


def damage_row(path: Path) -> None:
    sql(path, 'UPDATE standing SET body = \'{"cash": "NaN"}\'')


def damage_no_account(path: Path) -> None:
    sql(path, "DELETE FROM standing")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damage_text, "not an embedded exchange's file"),
        (damage_empty, "not an embedded exchange's file"),
        (damage_truncated, "damaged"),
        (damage_scrambled, "damaged"),
        (damage_last_page, "damaged"),
        (damage_foreign, "not an embedded exchange's file"),
        (damage_newer, "newer Perun"),
        (damage_row, "a row is not standing data"),
        (damage_no_account, "no account"),
    ],
)
def test_when_the_file_is_damaged_or_foreign_then_one_line_says_so_and_it_is_left_untouched(
    tmp_path: Path, market: RecordedMarket, path: Path, damage: object, words: str
) -> None:
    exchange_at(tmp_path, market).close()
    assert callable(damage)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=words) as problem:
        exchange_at(tmp_path, market)
    assert path.read_bytes() == before
    assert "\n" not in str(problem.value)
    assert "DATA_DIR" in str(problem.value)


def test_when_the_path_is_a_folder_then_one_line_says_so(tmp_path: Path, market: RecordedMarket, path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigurationError, match="Is a directory"):
        exchange_at(tmp_path, market)


def test_when_the_folder_cannot_be_made_then_one_line_says_so(tmp_path: Path, market: RecordedMarket) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot keep the exchange's books"):
        exchange_at(tmp_path / "file", market)


def test_when_only_the_journal_of_a_lost_file_lies_there_then_no_new_account_is_made(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    journal = tmp_path / "exchange.db-wal"
    journal.write_bytes(b"what was not yet in the file")
    with pytest.raises(ConfigurationError, match="has lost its database"):
        exchange_at(tmp_path, market)
    assert not path.exists()


def test_when_the_recording_does_not_hold_the_standing_session_then_the_account_cannot_go_on(
    tmp_path: Path, market: RecordedMarket
) -> None:
    exchange_at(tmp_path, market).close()
    other = made_market(tmp_path / "other", {"AAPL": [1, 2]}, first=date(2025, 1, 1))
    with pytest.raises(ConfigurationError, match=r"cannot go on: .*no session on 2024-01-01"):
        exchange_at(tmp_path, other)


def test_when_another_process_creates_the_account_first_then_its_account_stands(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    first = exchange_at(tmp_path, market)
    account_id = first.books().standing.account_id
    late = first.books().standing.model_copy(update={"account_id": "late"})
    first.close()
    assert Store.create(path, late).books().standing.account_id == account_id
    assert {entry.name for entry in tmp_path.iterdir() if entry.is_file()} <= {
        "exchange.db",
        "exchange.db-wal",
        "exchange.db-shm",
    }


def test_when_the_account_exists_then_its_file_tells_what_it_is(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    exchange_at(tmp_path, market).close()
    with closing(sqlite3.connect(path)) as connection:
        asked = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS]
    assert asked == ["wal", len(schema.MIGRATIONS), schema.APPLICATION_ID]


def test_when_the_file_is_copied_alone_after_closing_then_the_copy_is_whole(
    tmp_path: Path, market: RecordedMarket, path: Path
) -> None:
    with exchange_at(tmp_path, market) as exchange:
        exchange.submit(cleared(buy(5)))
        pass_session(exchange)
        before = everything(exchange)
    (tmp_path / "copy").mkdir()
    shutil.copy(path, tmp_path / "copy" / "exchange.db")
    with exchange_at(tmp_path / "copy", market) as copy:
        assert everything(copy) == before
