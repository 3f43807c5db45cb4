# The verbs of this project; `make help` lists them. Each does its own set-up and may be repeated.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEMO := .demo
LOCAL := .local
# Tests wait for processes about as much as they compute; a file's tests share what it takes long to make. The order
# is that of tests/conftest.py: xdist's own begins with the files of most tests, which aren't those that take longest.
JOBS ?= 3

.PHONY: faults quarter help setup demo test check fuzz sbom contracts boards bench kafka clickhouse stop clean

help: ## say what can be done
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## install everything of the lock file into .venv

$(STAMP): requirements.lock pyproject.toml
	@echo "== installing pingliu and what it needs into .venv (some minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pingliu needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

demo: setup ## a month of the district, from events to answers; then live until Ctrl-C
	@echo "== demonstration over ./$(DEMO); 'make clean' removes it"
	@$(BIN)/pingliu demo --data $(DEMO)

test: setup ## all tests
	@echo "== tests"
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

faults: setup ## the long run of kill -9 at random points
	@echo "== faults (some minutes)"
	@PINGLIU_FAULT_KILLS=$${PINGLIU_FAULT_KILLS:-28} $(BIN)/python -m pytest tests/cluster/test_kills.py tests/faults

quarter: setup ## every score of the whole simulated quarter against the recount
	@echo "== the whole quarter (some minutes)"
	@PINGLIU_ASSESS_SCALE=1 $(BIN)/python -m pytest tests/assessment/test_simulated.py

check: setup ## ruff, mypy, import-linter, bill of materials, known vulnerabilities
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import-linter"
	@$(BIN)/lint-imports
	@echo "== bill of materials"
	@$(BIN)/python -m deploy.local.sbom --check
	@echo "== known vulnerabilities"
	@$(BIN)/python -m deploy.local.audit

fuzz: setup ## look for bytes that break a promise, for FUZZ_SECONDS (600)
	@echo "== fuzzing (FUZZ_SECONDS=$${FUZZ_SECONDS:-600})"
	@$(BIN)/python -m tests.security.fuzzing $${FUZZ_SECONDS:-600}

sbom: setup ## write docs/sbom.json anew from the lock file
	@$(BIN)/python -m deploy.local.sbom

contracts: setup ## write docs/contract anew from the models
	@$(BIN)/python -m deploy.contract

boards: setup ## write deploy/grafana's boards and alert rules anew from their code
	@$(BIN)/python -m deploy.grafana

bench: setup ## measure speed, side by side
	@echo "== benchmarks"
	@for name in transport engine hot_path ingest gateway boards; do echo "-- $$name"; $(BIN)/python -m bench.$$name || exit 1; done

kafka: setup ## a real Kafka on 127.0.0.1:9092, in the background
	@$(BIN)/python -m deploy.local kafka start

clickhouse: setup ## a real ClickHouse on 127.0.0.1:9000, in the background
	@$(BIN)/python -m deploy.local clickhouse start

stop: setup ## stop both servers; their data stay in .local
	@$(BIN)/python -m deploy.local kafka stop
	@$(BIN)/python -m deploy.local clickhouse stop

clean: ## remove what the verbs made, but .venv
	@test ! -d $(LOCAL) || $(MAKE) --no-print-directory stop
	rm -rf $(DEMO) $(LOCAL) .pytest_cache .mypy_cache .ruff_cache .hypothesis
