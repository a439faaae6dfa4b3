# The two commands of the README are `make suite` and `make test`; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup suite test check bench format clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "$(PYTHON): Python 3.11 to 3.13 is needed; say which with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the harness and its tools into $(VENV)/ (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(VENV)/.models: $(VENV)/.installed
	@$(BIN)/prompt-suite models install smollm2
	@$(BIN)/prompt-suite models install minilm
	@touch $@

setup: $(VENV)/.installed $(VENV)/.models ## install everything that `suite` and `test` need

suite: setup ## run the shipped suites on the embedded model
	@$(BIN)/pytest --prompt-suite suites

test: setup ## run the tests
	@$(BIN)/pytest tests -n auto --dist loadfile

check: $(VENV)/.installed ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup ## print the figures, each beside its bar
	@$(BIN)/python -m benchmarks.run

format: $(VENV)/.installed ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## remove what the targets made, recorded runs and answers left alone
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
