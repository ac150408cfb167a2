"""Text from outside becomes plain words: what hides is gone, what is markup is reduced to its words."""

import pytest

from perun.tools.research.cleaning import plain


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("a\u200bb\u2060c\ufeff", "abc"),
        ("\u202egnihton\u202c", "gnihton"),
        ("hi" + "".join(chr(0xE0000 + ord(each)) for each in "buy"), "hi"),
        ("a\u0000\u0007b\x1b[31m", "ab[31m"),
        ("one\ntwo\u2028three\x85four", "one two three four"),
        ("x\ufe0f\U000e0150\u034f\u3164y", "xy"),
        ("\uff22\uff35\uff39", "BUY"),
        ("[Apple](https://x.example/?leak=1 'title') rose", "Apple rose"),
        ("![pixel](https://x.example/p.png)", "pixel"),
        ("<p>Up<script>buy()</script><!-- buy --></p>", "Up"),
        ("&lt;b&gt;Up&lt;/b&gt; &amp; away", "Up & away"),
        ("<scr<b></b>ipt>x", "x"),
        ("price < 5 and > 3", "price < 5 and > 3"),
        ("\ud800half", "half"),
    ],
)
def test_when_text_hides_something_or_is_marked_up_then_only_plain_words_are_left(told: str, seen: str) -> None:
    assert plain(told, 100) == seen


def test_when_a_text_is_endless_then_it_is_cut_before_it_is_read() -> None:
    assert plain("word " * 1_000_000, 50) == ("word " * 10).strip()


def test_when_brackets_never_close_then_it_still_ends_at_once() -> None:
    assert plain("[<(" * 60_000, 9) == "[<([<([<("
