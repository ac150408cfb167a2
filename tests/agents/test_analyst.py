"""The analyst: a stance becomes a report on the symbol that was asked about."""

from perun.agents.analyst import analyse
from perun.agents.answers import AnalystReport, Stance
from perun.agents.asking import Abstained
from perun.tools.domain.errors import ModelUnavailable
from support.agent_facts import analyst_facts, finding
from support.minds import asker, saying

STANCE = Stance(summary="It rises.", evidence=["[bars:AAPL:2013-02-28]"], stance="bullish", conviction=70)


def test_when_the_model_has_a_stance_then_the_report_names_the_symbol_that_code_knows() -> None:
    assert analyse(asker(saying(STANCE)), analyst_facts()) == AnalystReport(symbol="AAPL", **STANCE.model_dump())


def test_when_the_model_does_not_answer_then_the_analyst_abstains_which_is_not_neutral() -> None:
    said = analyse(asker(saying(ModelUnavailable("the server is down"))), analyst_facts())
    assert said == Abstained("analyst", "the server is down")


def test_when_the_model_names_another_symbol_then_the_answer_is_not_taken() -> None:
    planted = AnalystReport(symbol="IBM", **STANCE.model_dump())
    mind = saying(planted, STANCE)
    report = analyse(asker(mind), analyst_facts())
    assert isinstance(report, AnalystReport)
    assert (report.symbol, mind.calls) == ("AAPL", 2)


def test_when_memories_and_findings_are_known_then_the_model_reads_them_with_their_evidence() -> None:
    mind = saying(STANCE)
    analyse(asker(mind), analyst_facts(findings=(finding(source="[news:77]"),)))
    read = mind.questions[0].messages[1].text
    assert "[mem:signal-2013-02-20-AAPL]" in read
    assert "[news:77]" in read
    assert "[bars:AAPL:2013-02-28]" in read
    assert "100 shares bought at 95.1" in read
