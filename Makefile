# The door. Every target does its own set-up in .venv; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KSERVE ?= 0.9.0
FLAGS ?=
SEED ?= 1
CLUSTERS ?= 20
SAMPLE ?= 600
ONLY ?=
SIZES ?= 10000,50000,100000
RUNS ?= 7

.PHONY: help demo test lint programs unit real real-old real-new real-parts kill releases claims upgrades differential forecasts generated mutation \
  bench cluster docs golden clean

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

# What runs longer has a target of its own.
SELECTED := --ignore=tests/kill --ignore=tests/testbed/test_releases.py

# Real controllers are mostly waited for: three clusters, and the other tests, run side by side.
test: lint programs ## everything that must hold, real controllers included
	@$(MAKE) --no-print-directory -j4 real unit

# What the tests below need; said and built before the first of them runs.
PROGRAMS := etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok \
  knative-controller knative-autoscaler kserve-manager-0.7.0 kserve-manager-0.8.0 kserve-manager-0.9.0 \
  kserve-manager-0.10.2 kserve-manager-0.15.2 kserve-manager-0.16.0 kserve-manager-0.20.0

programs: $(VENV)/dev ## build what the tests run (once: a quarter of an hour on two cores)
	@$(BIN)/python -m tests.testbed.programs $(PROGRAMS)

lint: $(VENV)/dev ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/dev ## tests that need no programs but Python
	$(BIN)/pytest -q $(SELECTED) -m "not real"

real: real-old real-new real-parts ## tests on a real API server and on real KServe controllers (-j3: at once)

# Managers up to 0.9 want one port that nobody else has.
real-old: programs
	$(BIN)/pytest -q --durations=15 $(SELECTED) -m "real and fixed_port"

# Whole runs of kmigrate.
WHOLE := tests/real tests/upgrades

real-new: programs
	$(BIN)/pytest -q --durations=15 $(WHOLE) -m "real and not fixed_port"

real-parts: programs
	$(BIN)/pytest -q --durations=15 $(SELECTED) $(WHOLE:%=--ignore=%) -m "real and not fixed_port"

kill: programs ## kill kmigrate at every request, on real controllers (about ten minutes)
	$(BIN)/pytest -q -s tests/kill

releases: programs ## the testbed with each of the thirteen releases (builds all of them)
	KMIGRATE_TESTBED_ALL=1 $(BIN)/pytest -q tests/testbed/test_releases.py

claims: programs ## what KServe really does, on every release (builds all; half an hour)
	KMIGRATE_TESTBED_ALL=1 $(BIN)/pytest -q tests/real -k "claims or explain"

upgrades: programs ## from 0.7 to 0.20 with and without kmigrate, and upgrades that fail (half an hour)
	KMIGRATE_TESTBED_ALL=1 $(BIN)/pytest -q --durations=0 tests/upgrades
	$(BIN)/python -m tests.upgrades

differential: $(VENV)/dev ## predictions against a live controller: KSERVE=0.15.2 SEED=7 CLUSTERS=50
	$(BIN)/python -m tests.differential --kserve $(KSERVE) --seed $(SEED) --clusters $(CLUSTERS)

forecasts: programs ## is the forecast of a plan right? 8 clusters on each of three releases; SEED=1
	$(BIN)/python -m tests.forecasts --kserve 0.9.0 --knative --seed $(SEED) --clusters 8
	$(BIN)/python -m tests.forecasts --kserve 0.15.2 --seed $(SEED) --clusters 8
	$(BIN)/python -m tests.forecasts --kserve 0.20.0 --seed $(SEED) --clusters 8

generated: programs ## is a move into namespaces what its plan says? CLUSTERS=20 on five releases; SEED=1
	$(BIN)/python -m tests.forecasts --to-runtimes --kserve 0.9.0 --knative --seed $(SEED) --clusters $(CLUSTERS)
	for release in 0.11.2 0.15.2 0.16.0 0.20.0; do \
	  $(BIN)/python -m tests.forecasts --to-runtimes --kserve $$release --seed $(SEED) --clusters $(CLUSTERS) \
	  || exit 1; done

mutation: $(VENV)/dev ## is there a test for every rule of KServe? SAMPLE=600 SEED=1 ONLY=tags
	$(BIN)/python -m tests.mutation --sample $(SAMPLE) --seed $(SEED) --only "$(ONLY)"

bench: $(VENV)/dev ## kmigrate against kubectl and curl, written to docs/benchmarks.md (half an hour)
	@$(BIN)/python -m tests.testbed.programs kubectl
	$(BIN)/python -m tests.benchmarks --sizes $(SIZES) --runs $(RUNS)

cluster: $(VENV)/dev ## a KServe control plane on this machine, until Ctrl-C: make cluster KSERVE=0.9.0
	@$(BIN)/python -m tests.testbed.cluster --kserve $(KSERVE) $(FLAGS)

docs: $(VENV)/dev ## write the generated parts of docs/ anew
	$(BIN)/python -m docs.generate

golden: $(VENV)/dev ## write anew what plans look like: read the difference before you commit
	$(BIN)/python -m tests.report.golden

clean: ## remove what make made here (not the cache of built programs)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
