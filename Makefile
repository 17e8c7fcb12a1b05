# `make` runs the main job, `make test` passes the tests; both set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
.PHONY: run test new-cohort order check plan plan-lock blind power certify release purge trace diff bundle reproduce annex lab schema bench soak faults test-slurm verify audit requirements wheelhouse clean help

PYTHON ?= python3
VENV ?= .venv
CORES ?= 2
# OFFLINE=1: packages from wheelhouse/ and no index at all, not even one that a configuration file names.
ifneq ($(filter-out 0,$(OFFLINE)),)
FROM_FILES := --no-index --find-links wheelhouse
endif
# SLURM=1: on a cluster. PROFILE=... names any other folder with options of Snakemake.
ifneq ($(filter-out 0,$(SLURM)),)
PROFILE ?= profiles/slurm
endif
# Relative, so that a folder with spaces gets as far as the sentence that says what is wrong with it.
BIN := $(VENV)/bin
# A venv without bytecode costs seconds at every start (docs/decisions/0001-oppsett.md).
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)
# One thread in every job: two threads differ in the last bits, and results must not.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

run: $(VENV)/.ok ## every cohort, from delivery to reports and portal
	@python -m analysis run --cores $(CORES) $(if $(PROFILE),--profile "$(PROFILE)")

test: $(VENV)/.ok ## the whole test suite
	python -m pytest -q -n $(CORES) --dist loadfile --no-loadscope-reorder

new-cohort: $(VENV)/.ok ## start a cohort: make new-cohort NAME=... DESIGN=matched_did [DELIVERY=file.csv]
	@python -m analysis new-cohort "$(NAME)" --design "$(DESIGN)" $(if $(DELIVERY),--delivery "$(DELIVERY)") $(if $(DELIMITER),--delimiter "$(DELIMITER)") $(if $(ENCODING),--encoding "$(ENCODING)")

order: $(VENV)/.ok ## what to order from Nav and SSB: make order COHORT=hpmt [OUT=order.md]
	@python -m analysis order "$(COHORT)" $(if $(OUT),--out "$(OUT)")

check: $(VENV)/.ok ## validate card and data: make check COHORT=hpmt
	@python -m analysis check "$(COHORT)"

plan: $(VENV)/.ok ## the analysis plan as readable text: make plan COHORT=hpmt [OUT=plan.md]
	@python -m analysis plan "$(COHORT)" $(if $(OUT),--out "$(OUT)")

blind: $(VENV)/.ok ## everything with the assignment drawn anew, for the owner alone: make blind COHORT=...
	@python -m analysis blind "$(COHORT)"

plan-lock: $(VENV)/.ok ## freeze the analysis part of a card: make plan-lock COHORT=...
	@python -m analysis plan-lock "$(COHORT)"

# Arguments of `make power`, as `python -m analysis power` has them in small letters.
PLANNED = OFFICES PERSONS ICC BASE CV BEFORE AFTER SERIAL EFFECTIVE R_SQUARED LEVEL
power: $(VENV)/.ok ## plan a study: make power DESIGN=cluster OFFICES=20 PERSONS=40 ICC=0.02 BASE=0.4
	@python -m analysis power $(if $(DESIGN),--design "$(DESIGN)") $(foreach name,$(PLANNED),$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z) "$($(name))"))

certify: $(VENV)/.ok ## try the plan on made-up persons: make certify COHORT=... [DRAWS=500]
	@python -m analysis certify "$(COHORT)" $(if $(DRAWS),--draws "$(DRAWS)")

release: $(VENV)/.ok ## see all that would leave, and sign it: make release COHORT=... [BY="Navn Navnesen"]
	@python -m analysis release "$(COHORT)" $(if $(BY),--by "$(BY)")

# PERSON may stand on the line of make, and goes on in the environment; without it the id is asked for, unseen.
purge: $(VENV)/.ok ## take out a person who withdraws: make purge COHORT=... [PERSON_FILE=...] [GONE=1]
	@python -m analysis purge "$(COHORT)" $(if $(PERSON_FILE),--person-file "$(PERSON_FILE)") $(if $(GONE),--gone)

trace: $(VENV)/.ok ## the chain behind a number: make trace NUMBER="6,1" REPORT=hpmt [LANGUAGE=nb] [ESTIMATE=id]
	@python -m analysis trace $(if $(NUMBER),--number="$(NUMBER)") $(if $(ESTIMATE),--estimate "$(ESTIMATE)") --report "$(REPORT)" $(if $(LANGUAGE),--language "$(LANGUAGE)") $(if $(FOLDER),--folder "$(FOLDER)")

diff: $(VENV)/.ok ## what moved between two runs, and why: make diff [OLD=folder] [NEW=folder] [ALL=1]
	@python -m analysis diff $(if $(OLD),--old "$(OLD)") $(if $(NEW),--new "$(NEW)") $(if $(ALL),--all)

bundle: $(VENV)/.ok ## what a reviewer needs to rerun a released report: make bundle REPORT=hpmt [OUT=file.zip]
	@python -m analysis bundle "$(REPORT)" $(if $(OUT),--out "$(OUT)")

annex: $(VENV)/.ok ## the technical annex of the last run: steps, code, times, numbers; not for release
	@python -m analysis annex

audit: $(VENV)/.ok ## look up known vulnerabilities of the packages; advice, stops nothing
	@python -m analysis audit

lab: $(VENV)/.ok ## open the notebooks in JupyterLab: make lab [LAB_ARGS="--no-browser"]
	@python -m analysis lab -- $(LAB_ARGS)

schema: $(VENV)/.ok ## write the JSON schemas that editors use
	@python -m analysis schema

bench: $(VENV)/.ok ## ratios against peers and limits, into docs/performance.md
	@python -m benchmarks

soak: $(VENV)/.ok ## properties on new examples, then the long versions of the studies into docs/validation.md
	python -m pytest -q -n $(CORES) --dist loadfile -m "not whole" --hypothesis-profile=new
	@python -m benchmarks soak

faults: $(VENV)/.ok ## kills, full disks, spoilt files, wrong clocks: does make end with the same bytes, or say what to do
	@python -m benchmarks faults

reproduce: $(VENV)/.ok ## everything twice in unlike surroundings, byte for byte: make reproduce [COHORTS="hpmt ..."]
	@python -m analysis reproduce $(COHORTS)

verify: $(VENV)/.ok ## recompute the checksums of everything released
	@python -m analysis verify

# Remade whole when the lock changes, so that the environment never holds more than the lock says.
$(VENV)/.ok: requirements.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 eller nyere kreves; her er %s. Prøv: make PYTHON=python3.12" % sys.version.split()[0])'
	@echo 'Oppsett: lager $(VENV) og installerer requirements.lock (ett til to minutter første gang)'
	$(if $(FROM_FILES),@$(PYTHON) -m analysis.wheelhouse)
	@rm -rf "$(VENV)"
	@$(PYTHON) -m venv "$(VENV)" || { echo 'Fant ikke venv. På Debian og Ubuntu: apt install python3-venv'; exit 1; }
	@$(if $(FROM_FILES),PIP_CONFIG_FILE=/dev/null) $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes $(FROM_FILES) -r requirements-uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode $(if $(FROM_FILES),--offline --no-config) $(FROM_FILES) -r requirements.lock
	@printf '%s\n' "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tiltakseffekt.pth"
	@touch $@

requirements: $(VENV)/.ok ## renew requirements.lock from requirements.in
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --upgrade -o requirements.lock requirements.in
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --upgrade -o requirements-uv.lock requirements-uv.in

wheelhouse: $(VENV)/.ok ## collect all packages for a machine without network (make OFFLINE=1)
	@python -m analysis wheelhouse

test-slurm: $(VENV)/.ok ## the pipeline through a real SLURM, started on this machine for it (root, Linux)
	@tests/slurm/run.sh

# The ledgers of what has left, and the keys that it was rounded by, cannot be made anew.
clean: ## remove results and logs (never cards, data, the environment, or ledgers of releases and their keys)
	rm -rf logs .snakemake
	if [ -d results ]; then find results ! -type d ! -path 'results/restricted/*/ledger/*' ! -name rounding.key -delete; find results -type d -empty -delete; fi

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | column -t -s "$$(printf '\t')"
