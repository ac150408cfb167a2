"""Settings become minds: who answers for which role, and what is refused early."""

import subprocess
import sys

import pytest

from perun.agents import clients
from perun.agents.meter import Meter
from perun.agents.providers import build_minds
from perun.tools.domain.errors import ConfigurationError

ROLES = ["analyst", "trader"]


def test_when_the_provider_is_the_baseline_then_it_answers_for_every_role(settings):
    spec = settings("baseline")
    assert build_minds(spec, ROLES) == {"analyst": spec.baseline, "trader": spec.baseline}


@pytest.mark.parametrize(("provider", "name"), [("openai", "openai:gpt-5-mini"), ("google", "google:gemini-2.5-flash")])
def test_when_no_model_is_named_then_the_providers_default_is_shared_by_all_roles(settings, provider, name):
    minds = build_minds(settings(provider), ROLES)
    assert minds["analyst"] is minds["trader"]
    assert minds["analyst"].name == name


def test_when_a_role_has_its_own_model_then_only_that_role_uses_it(settings):
    minds = build_minds(settings(model="small", models={"trader": "large"}), ROLES)
    assert {role: mind.name for role, mind in minds.items()} == {"analyst": "openai:small", "trader": "openai:large"}


@pytest.mark.parametrize("provider", ["openai", "google"])
def test_when_the_key_is_missing_then_it_is_named(settings, provider):
    with pytest.raises(ConfigurationError, match=f"{provider.upper()}_API_KEY is not set"):
        build_minds(settings(provider, **{f"{provider}_api_key": None}), ROLES)


@pytest.mark.parametrize("provider", ["openai", "google"])
@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host/v1", "http://", "http://user:secret@host:port/v1"])
def test_when_the_address_is_no_http_address_then_it_is_refused_without_being_repeated(settings, provider, url):
    with pytest.raises(ConfigurationError, match=f"{provider.upper()}_BASE_URL is no http address") as refused:
        build_minds(settings(provider, **{f"{provider}_base_url": url}), ROLES)
    assert "secret" not in str(refused.value)


def test_when_a_compatible_server_needs_no_key_then_none_is_asked_for(serving, mind, question):
    from support.model_server import Says

    server = serving(lambda _: Says("{}"))
    mind(server, openai_api_key=None).reply(question)
    assert server.keys == ["none"]


def test_when_a_local_model_is_not_named_then_the_setting_is(settings):
    with pytest.raises(ConfigurationError, match="LOCAL_MODEL is not set"):
        build_minds(settings("local"), ROLES)


def test_when_a_local_model_is_named_then_minds_are_built_without_loading_it(settings, gguf):
    assert build_minds(settings("local", local_model=gguf), ROLES)["trader"].name == "local:tiny"


def test_when_a_gemini_client_is_built_with_another_address_then_no_request_is_made(settings):
    from pydantic import SecretStr

    meter = Meter()
    line = clients.Line("http://127.0.0.1:9", SecretStr("key"), 1, 2, meter, 100)
    client = clients.google_client(line, "gemini-2.5-flash")
    assert type(client).__name__ == "ChatGoogleGenerativeAI"
    assert meter.calls == 0


def test_when_minds_are_built_then_no_providers_library_is_imported():
    code = """
import sys
from perun.agents import models, providers
from pydantic import SecretStr
key = SecretStr("key")
for provider in ("openai", "google"):
    providers.build_minds(providers.ModelSettings(provider, None, openai_api_key=key, google_api_key=key), ["trader"])
print(*(name for name in sys.modules if name.split(".")[0].split("_")[0] in {"langchain", "openai", "google", "httpx"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
