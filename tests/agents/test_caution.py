"""What comes from outside vouches for nothing, and no rule can raise a confidence."""

from hypothesis import given
from hypothesis import strategies as st

from perun.agents.caution import less_for_numbers, less_for_taint, vouched

IDS = st.lists(st.sampled_from(["[bars:A:1]", "[mem:1]", "[mem:2]", "[news:1]"]))


def test_when_evidence_is_news_then_it_vouches_for_nothing_even_where_nobody_named_it_tainted() -> None:
    assert vouched(("[news:1]", "[mem:1]", "[bars:A:1]"), ()) == ("[mem:1]", "[bars:A:1]")
    assert vouched(("[mem:1]", "[mem:2]"), ("[mem:2]",)) == ("[mem:1]",)


@given(st.integers(0, 100), st.lists(st.text(max_size=3), max_size=6), IDS, IDS)
def test_when_anything_is_found_then_a_confidence_can_only_fall(
    points: int, numbers: list[str], evidence: list[str], tainted: list[str]
) -> None:
    assert 0 <= less_for_numbers(points, numbers) <= points
    assert 0 <= less_for_taint(points, evidence, tainted) <= points
