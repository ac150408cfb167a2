"""What belongs to no slot may be needed again: a stop is put back as often as it vanishes."""

from pathlib import Path

from perun.tools.domain.money import plain
from perun.tools.domain.orders import Leg
from support.exchange import pass_session
from support.lossy_desk import LossyDesk, Wish


def test_when_a_stop_vanishes_twice_then_it_is_put_back_twice_under_one_name(tmp_path: Path) -> None:
    desk = LossyDesk(tmp_path)
    desk.ask_for(Wish(1, "CALM", Leg.ENTRY))
    pass_session(desk.exchange)
    desk.reconcile()
    for number in (1, 2):
        (stop,) = desk.book.working_orders()
        assert stop.stop_price is not None
        desk.exchange.cancel(stop.client_order_id)
        assert desk.reconcile().protected == [f"{plain(stop.qty)} CALM at {plain(stop.stop_price)}"]
        (put_back,) = desk.book.working_orders()
        assert put_back.client_order_id.startswith(f"perun-protect-CALM-{number}-")
    desk.close()


def test_when_a_stop_was_put_back_then_the_ledger_knows_it_at_once(tmp_path: Path) -> None:
    desk = LossyDesk(tmp_path)
    desk.ask_for(Wish(1, "CALM", Leg.ENTRY))
    pass_session(desk.exchange)
    (stop,) = desk.book.working_orders()
    desk.exchange.cancel(stop.client_order_id)
    desk.reconcile()
    (put_back,) = desk.book.working_orders()
    assert desk.ledger.books.order(desk.account, put_back.client_order_id) == put_back
    desk.close()
