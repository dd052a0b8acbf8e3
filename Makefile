# Each target works on a fresh machine: Python 3.11+, make and a package index, nothing else.

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; `make PYTHON=python3.13 …` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run app test browser lint types docs screenshots bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.installed ## check sample_data/ and print the findings
	@echo '==> checking sample_data/ (its files are broken on purpose: sample_data/README.md says how)'
	@$(BIN)/curator check --config sample_data/curator.toml sample_data --exit-zero

app: $(VENV)/.tested ## review sample_data/ in a browser
	@$(BIN)/curator review --config sample_data/curator.toml sample_data

test: $(VENV)/.tested browser lint types ## lint, types and the whole test suite
	@echo '==> running the tests'
	@$(BIN)/python -m pytest -n auto --dist loadgroup

# Where we may not install it, the browser tests say what to do.
browser: $(VENV)/bin/python
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then \
		echo '==> installing Chromium for the tests'; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -qq update && apt-get -qq install --no-install-recommends chromium; } >$(VENV)/browser.log 2>&1 \
			|| cat $(VENV)/browser.log; \
	fi

lint: $(VENV)/.tested ## ruff: lint and format
	@echo '==> linting'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.tested ## mypy --strict on curator/
	@echo '==> checking the types'
	@$(BIN)/mypy

docs: $(VENV)/.tested ## write docs/rules from the cards, and the help into the README
	@$(BIN)/python docs/generate.py

screenshots: $(VENV)/.tested browser ## photograph every page, light and dark, into docs/images
	@$(BIN)/python tests/browser/screenshots.py
	@$(BIN)/python tests/browser/report_pictures.py

bench: $(VENV)/.tested ## measure speed and start-up (see bench/README.md)
	@$(BIN)/python bench/measure.py
	@$(BIN)/python bench/startup.py

clean: ## remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'no Python 3.11 or newer was found; name one: make PYTHON=/path/to/python3'; exit 1; }
	@echo '==> making an environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)

# The stamps make a second run quick, and a change of the dependencies install again.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo '==> installing curator'
	@$(INSTALL) --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q curator
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo '==> installing what the tests need'
	@$(INSTALL) --editable '.[test]'
	@touch $@
