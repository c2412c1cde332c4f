# `make demo` plans and runs an example; `make test` runs every test. Neither needs AWS.
# A folder of its own, .venv, holds everything that is installed.

SHELL := /bin/sh
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	command -v $$name >/dev/null 2>&1 \
	&& $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)
# Not the scripts in .venv/bin: their first line cannot hold a path with a space everywhere.
VENV_PYTHON := .venv/bin/python
PEGBATCH := $(VENV_PYTHON) -m pegbatch
PIP_INSTALL := $(VENV_PYTHON) -m pip install --disable-pip-version-check --no-input -qq
LINT_IMPORTS := $(VENV_PYTHON) -c 'from importlinter.cli import lint_imports_command as run; run()'

EXAMPLE := share/examples/black-diamond
WORK := pegbatch-work

.PHONY: help demo test soak check lint types imports check-check bench docs vendor clean FORCE
.DELETE_ON_ERROR:

help:
	@echo 'make demo    install into .venv, then plan and run an example'
	@echo 'make test    run every test'
	@echo 'make soak    run large workflows while things break; minutes'
	@echo 'make check   lint, types, import contracts, and a test of these checks'
	@echo 'make bench   run every benchmark; minutes'
	@echo 'make docs    build the user guide into build/docs'
	@echo 'make vendor  fetch the charting library of reports again from npm, and verify it'
	@echo 'make clean   remove .venv, $(WORK) and caches'

# The stamp holds the folder it was made in: a checkout that was moved or copied installs anew.
ifneq "$(shell cat .venv/installed 2>/dev/null && $(VENV_PYTHON) -c 'print(1)' 2>/dev/null)" "$(CURDIR) 1"
.venv/installed: FORCE
endif
.venv/installed: setup.cfg pyproject.toml
	@test -n '$(PYTHON)' || { echo 'pegbatch needs Python 3.11 or newer, and found none:' \
		'install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Installing pegbatch into .venv (a minute, the first time) ...'
	@'$(PYTHON)' -m venv --clear .venv || { echo 'python3 could not make .venv:' \
		'on Debian and Ubuntu, apt-get install python3-venv' >&2; exit 1; }
	@$(PIP_INSTALL) --editable .
	@printf '%s\n' '$(CURDIR)' > $@

.venv/installed-test: .venv/installed
	@echo 'Installing what the tests need into .venv ...'
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@

.venv/installed-docs: .venv/installed
	@echo 'Installing what the user guide is built with into .venv ...'
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $@

demo: .venv/installed
	@$(PEGBATCH) plan --conf $(EXAMPLE)/pegasus.properties --dir $(WORK) \
		--output-dir $(WORK)/outputs $(EXAMPLE)/diamond.dax
	@$(PEGBATCH) run "$$(ls -d $(WORK)/*/pegasus/black-diamond/run* | tail -n 1)"
	@echo 'To type pegbatch yourself, first: . .venv/bin/activate'

test: .venv/installed-test
	@$(VENV_PYTHON) -m pytest -q -n 4 --dist worksteal

soak: .venv/installed-test
	@$(VENV_PYTHON) -m tests.soak --seeds 1 --n-to-n-failure child
	@$(VENV_PYTHON) -m tests.soak --seeds 2 --n-to-n-failure array --wire

check: lint types imports check-check

lint: .venv/installed-test
	@$(VENV_PYTHON) -m ruff check -q .
	@$(VENV_PYTHON) -m ruff format -q --check .

types: .venv/installed-test
	@$(VENV_PYTHON) -m mypy

imports: .venv/installed-test
	@$(LINT_IMPORTS)

check-check: .venv/installed-test
	@$(VENV_PYTHON) .ci/check_check.py

bench: .venv/installed-test
	@$(VENV_PYTHON) -m benchmarks.run

docs: .venv/installed-docs
	@NO_MKDOCS_2_WARNING=1 $(VENV_PYTHON) -m mkdocs build -q --strict -f .ci/mkdocs.yml
	@echo 'Open build/docs/index.html'

vendor: .venv/installed
	@$(VENV_PYTHON) .ci/vendor.py

clean:
	@if test -e $(VENV_PYTHON) && test -d $(WORK); then \
		$(PEGBATCH) emulator --stop --dir $(WORK) >/dev/null 2>&1 || true; fi
	rm -rf .venv $(WORK) build dist *.egg-info .coverage
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
