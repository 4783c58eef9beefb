# The door. Every target does its own set-up in .venv; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KSERVE ?= 0.9.0
FLAGS ?=

.PHONY: help demo test lint unit real kill cluster docs clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Two stamps, so that the demo does not install what only tests need.
$(VENV)/kmigrate: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing kmigrate into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/dev: $(VENV)/kmigrate
	@echo "installing the tools of the tests into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/kmigrate ## the main job on snapshots; needs Python alone
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh fixtures/demo/run.sh

test: lint unit real ## everything that must hold, real controllers included

lint: $(VENV)/dev ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/dev ## tests that need no programs but Python
	$(BIN)/pytest -q tests --ignore=tests/real --ignore=tests/cluster/test_contract.py

real: $(VENV)/dev ## tests on a real API server and real KServe controllers (builds them)
	$(BIN)/pytest tests/real

kill: $(VENV)/dev ## stop kmigrate at every request, on real controllers (about half an hour)
	$(BIN)/pytest -q tests/kill

cluster: $(VENV)/dev ## a KServe control plane on this machine, until Ctrl-C: make cluster KSERVE=0.9.0
	@$(BIN)/python -m tests.testbed.cluster --kserve $(KSERVE) $(FLAGS)

docs: $(VENV)/dev ## write the generated parts of docs/ anew
	$(BIN)/python -m docs.generate

clean: ## remove what make made here (not the cache of built programs)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
