# `make` works the released numbers out once more; `make verify` looks at the files alone. See LESMEG.md.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := rerun
.PHONY: rerun verify

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One thread: two differ in the last bits.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

rerun: $(VENV)/.ok
	@PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m analysis.bundle.rerun

verify: $(VENV)/.ok
	@PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m analysis.bundle.rerun --verify

$(VENV)/.ok: requirements.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 eller nyere kreves; her er %s. Prøv: make PYTHON=python3.12" % sys.version.split()[0])'
	@echo 'Oppsett: lager $(VENV) og installerer requirements.lock (ett til to minutter første gang)'
	@rm -rf "$(VENV)"
	@$(PYTHON) -m venv "$(VENV)" || { echo 'Fant ikke venv. På Debian og Ubuntu: apt install python3-venv'; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@
