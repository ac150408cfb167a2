"""From settings to the limits in force."""

from typing import Any

from perun.graph.app.settings import Settings
from perun.tools.market.sectors import read_own
from perun.tools.risk.limits import Limits


def limits(settings: Settings, *, with_own_sectors: bool = True) -> Limits:
    """The limits in force, with the sectors that a person listed in DATA_DIR unless only exits are to be judged.

    Raises:
        ConfigurationError: that list cannot be read.
    """
    return Limits(
        min_confidence=settings.min_confidence,
        risk_per_trade=settings.risk_limit_percent,
        max_position=settings.max_position_percent,
        max_open_positions=settings.max_open_positions,
        max_order_notional=settings.max_order_notional,
        max_gross_exposure=settings.max_gross_exposure_percent,
        price_collar=settings.price_collar_percent,
        max_quote_age_seconds=settings.max_quote_age_seconds,
        stop_atr_multiple=settings.stop_atr_multiple,
        restricted=tuple(sorted(settings.restricted_symbols)),
        **_orders(settings),
        **_exposure(settings),
        sectors=read_own(settings.data_dir.expanduser() / "sectors.csv") if with_own_sectors else (),
        **_losses_and_state(settings),
    )


def _orders(settings: Settings) -> dict[str, Any]:
    """B: erroneous and duplicative orders."""
    return dict(  # the limits' names read as arguments do
        max_order_quantity=settings.max_order_quantity,
        max_spread=settings.max_spread_percent,
        max_participation=settings.max_participation_percent,
        max_price_jump=settings.max_price_jump_percent,
        duplicate_window_minutes=settings.duplicate_window_minutes,
        max_orders_per_minute=settings.max_orders_per_minute,
        max_orders_per_day=settings.max_orders_per_day,
        max_notional_per_hour=settings.max_notional_per_hour,
        max_round_trips_per_day=settings.max_round_trips_per_day,
        max_consecutive_rejects=settings.max_consecutive_rejects,
        max_turnover=settings.max_turnover_percent,
        decision_ttl_seconds=settings.decision_ttl_seconds,
    )


def _exposure(settings: Settings) -> dict[str, Any]:
    """C: capital and exposure."""
    return dict(  # the limits' names read as arguments do
        min_cash=settings.min_cash_percent,
        max_net_exposure=settings.max_net_exposure_percent,
        max_sector=settings.max_sector_percent,
        max_cluster=settings.max_cluster_percent,
        cluster_correlation=settings.cluster_correlation,
        max_heat=settings.max_heat_percent,
        max_var=settings.max_var_percent,
        min_margin_cushion=settings.min_margin_cushion_percent,
        max_adds=settings.max_adds,
        max_add_loss=settings.max_add_loss_percent,
    )


def _losses_and_state(settings: Settings) -> dict[str, Any]:
    """D to F: losses, market and system."""
    return dict(  # the limits' names read as arguments do
        daily_loss=settings.daily_loss_limit_percent,
        weekly_loss=settings.weekly_loss_limit_percent,
        max_drawdown=settings.max_drawdown_percent,
        cooldown_minutes=settings.cooldown_minutes,
        max_stop_outs=settings.max_stop_outs,
        max_losses_in_a_row=settings.max_losses_in_a_row,
        no_entry_first_minutes=settings.no_entry_first_minutes,
        no_entry_last_minutes=settings.no_entry_last_minutes,
        max_clock_skew_seconds=settings.max_clock_skew_seconds,
    )
