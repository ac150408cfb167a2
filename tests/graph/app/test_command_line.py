"""The command `perun` as a person runs it: another process, its output, its exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PERUN = Path(sys.executable).with_name("perun")


def perun(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty working directory with DATA_DIR=data and nothing else set."""
    return subprocess.run(
        [str(PERUN), *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.slow
def test_when_the_desk_runs_twice_then_it_goes_on_from_where_it_stood_and_every_reading_command_answers(
    tmp_path: Path,
) -> None:
    first = perun(tmp_path, "run", "--json")
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    assert (document["schema"], document["outcome"]) == ("perun.cycle/1", "traded")

    second = perun(tmp_path, "run")
    assert second.returncode == 0, second.stderr
    assert "Cycle 2009-06-02" in second.stdout
    assert "baseline (no LLM)" in second.stdout
    assert "\x1b[" not in second.stdout

    status = json.loads(perun(tmp_path, "status", "--json").stdout)
    assert status["schema"] == "perun.status/1"
    assert {position["symbol"] for position in status["positions"]} == {"AAPL", "GOOG", "IBM"}
    assert status["last_cycle"]["slot"] == "2009-06-02"
    assert status["unresolved_orders"] == []

    order = document["orders"][0]["client_order_id"]
    for subject in (document["cycle_id"], "2009-06-01", "2009-06-01/AAPL", order):
        story = json.loads(perun(tmp_path, "why", subject, "--json").stdout)
        assert story["cycle_id"] == document["cycle_id"]
        assert story["verdicts"][0]["checks"], "every rule that was asked is in the record"
    assert story["symbol"] == "AAPL"

    doctor = perun(tmp_path, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "every chain whole" in doctor.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("run", "--symbols", "ZZZZ"), {}, "the recorded market has no ZZZZ; it holds AAPL, FB, GOOG, IBM, MSFT"),
        (("run", "--symbols", ""), {}, "DEFAULT_SYMBOLS='' (from command line)"),
        (("run",), {"RISK_LIMIT_PERCENT": "lots"}, "RISK_LIMIT_PERCENT='lots' (from environment)"),
        (("run",), {"DATA_DIR": "/proc/nowhere"}, "DATA_DIR=/proc/nowhere cannot be written"),
        (("run",), {"LLM_PROVIDER": "openai"}, "OPENAI_API_KEY is not set"),
        (("run",), {"LLM_PROVIDER": "local", "LOCAL_MODEL": "/nowhere.gguf"}, "/nowhere.gguf"),
        (("run",), {"EMBEDDED_START": "2009-05-31"}, "2009-05-31"),
        (("run", "--slot", "a b"), {}, "the slot 'a b'"),
        (("why", "nothing"), {}, "the ledger knows no nothing"),
        (("run", "--nonsense"), {}, "--nonsense"),
        (("fly",), {}, "fly"),
    ],
)
def test_when_the_input_is_bad_then_one_clear_line_says_so_and_the_exit_code_is_2(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    answer = perun(tmp_path, *arguments, **environment)
    assert answer.returncode == 2, answer.stderr
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 2
    assert answer.stdout == ""


def test_when_dotenv_has_two_bad_values_then_each_gets_its_line_with_its_source(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAX_OPEN_POSITIONS=many\nMIN_CONFIDENCE=2\nOPENAI_API_KEY=sk-canary\n")
    answer = perun(tmp_path, "run")
    assert answer.returncode == 2
    assert "MAX_OPEN_POSITIONS='many' (from .env)" in answer.stderr
    assert "MIN_CONFIDENCE='2' (from .env)" in answer.stderr
    assert "canary" not in answer.stderr


def test_when_the_ledger_is_damaged_then_it_is_set_aside_and_the_desk_refuses_until_a_person_decides(
    tmp_path: Path,
) -> None:
    (tmp_path / "data" / "var").mkdir(parents=True)
    (tmp_path / "data" / "var" / "perun.db").write_text("this is no database")
    for _ in range(2):
        answer = perun(tmp_path, "run")
        assert answer.returncode == 2
        assert "damaged" in answer.stderr
    kept = [file.read_text() for file in (tmp_path / "data" / "var").glob("perun.db.damaged-*")]
    assert kept == ["this is no database"]


def test_when_secrets_are_set_then_config_show_tells_only_that_they_are(tmp_path: Path) -> None:
    shown = perun(tmp_path, "config", "show", "--json", OPENAI_API_KEY="sk-canary", MIN_CONFIDENCE="0.7")
    rows = {row["name"]: row for row in json.loads(shown.stdout)["settings"]}
    assert rows["OPENAI_API_KEY"] == {"name": "OPENAI_API_KEY", "value": "set", "source": "environment"}
    assert rows["MIN_CONFIDENCE"] == {"name": "MIN_CONFIDENCE", "value": "0.7", "source": "environment"}
    assert "canary" not in shown.stdout + perun(tmp_path, "config", "show", OPENAI_API_KEY="sk-canary").stdout


def test_when_the_desk_is_halted_then_a_run_says_why_and_ends_with_3(tmp_path: Path) -> None:
    assert perun(tmp_path, "halt", "--reason", "a bad feeling").returncode == 0
    answer = perun(tmp_path, "run")
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "halted: a bad feeling" in answer.stderr


@pytest.mark.parametrize(("command", "said"), [("halt", "--reason"), ("resume", "--reason"), ("flatten", "--yes")])
def test_when_a_command_lacks_what_it_needs_then_it_is_a_usage_error(tmp_path: Path, command: str, said: str) -> None:
    answer = perun(tmp_path, command)
    assert answer.returncode == 2
    assert said in answer.stderr


def test_when_live_trading_is_asked_for_without_consent_then_it_is_refused(tmp_path: Path) -> None:
    answer = perun(
        tmp_path, "run", BROKER="alpaca", ALPACA_API_KEY="k", ALPACA_SECRET_KEY="sk-canary", ALPACA_PAPER="false"
    )
    assert answer.returncode == 2
    assert "LIVE_TRADING=yes-i-accept-the-risk" in answer.stderr
    assert "canary" not in answer.stderr
