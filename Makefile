# `make run` and `make test` set everything up by themselves. The other targets are steps of those two.
# Recipes are the same on a developer's machine and in CI.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Without a UTF-8 locale Qt warns and terminals garble figurines.
ifeq ($(LC_ALL)$(LANG),)
export LANG := C.UTF-8
endif

BIN := .venv/bin
HEADLESS := .venv-headless/bin
PYTEST_ARGS ?=
# A file of tests stays in one process: what its tests share is made once.
IN_PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: help run test setup setup-test setup-headless check headless pytest fuzz bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

run: setup ## open the application (without a display: analyse the sample games on the terminal)
	@packaging/run.sh

test: setup-test setup-headless ## everything: format, lint, types, import contracts, core without Qt, whole suite
	@$(MAKE) --no-print-directory check
	@# The whole suite runs whatever the core's tests say, and its summary comes last.
	@$(MAKE) --no-print-directory headless; core=$$?; \
	$(MAKE) --no-print-directory pytest || exit 1; \
	if [ $$core -ne 0 ]; then echo "The core's tests without Qt failed: see above." >&2; exit 1; fi

setup: ## system packages and .venv for running
	@packaging/system_packages.sh run
	@packaging/setup_venv.sh .venv requirements.lock

setup-test: ## system packages and .venv for testing
	@packaging/system_packages.sh test
	@packaging/setup_venv.sh .venv requirements.lock

setup-headless: ## .venv-headless: the core without Qt
	@packaging/setup_venv.sh .venv-headless requirements-headless.lock

check: ## format, lint, types, import contracts (needs setup)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What reads the real games or a PostgreSQL server runs once, in the whole suite.
headless: ## the core's tests where Qt is not installed (needs setup-headless)
	@! $(HEADLESS)/python -c 'import PySide6' 2>/dev/null || { echo "PySide6 is importable in .venv-headless"; exit 1; }
	$(HEADLESS)/python -m pytest tests/unit -m "not corpus and not slow" -k "not postgres" $(IN_PARALLEL) $(PYTEST_ARGS)

pytest: ## the test suite alone (needs setup-test)
	$(BIN)/python -m pytest $(IN_PARALLEL) $(PYTEST_ARGS)

fuzz: setup-test ## damage real games for FUZZ_SECONDS (600) and see that reading keeps its promises
	$(BIN)/python -m tests.fuzz.fuzz_pgn --seconds $(or $(FUZZ_SECONDS),600) --seed $$(date +%s)000 $(if $(KIBITZ_CORPUS),--corpus $(KIBITZ_CORPUS))

bench: setup ## what `kibitz bench` measures: import, analyse, library, ui
	@for what in import analyse library ui; do $(BIN)/kibitz bench $$what || exit $$?; done

lock: ## write the lock files anew from pyproject.toml (needs uv)
	uv lock --upgrade
	@packaging/export_locks.sh

clean: ## remove environments, caches and the demo's output; libraries of yours are elsewhere and stay
	rm -rf .venv .venv-headless .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist out *.egg-info desktop_app/*/fast/*.so
