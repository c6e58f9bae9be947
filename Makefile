# What a newcomer types: `make demo` makes a picture, `make test` runs every check. The first one creates .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PROMPT ?= a large red circle above a small blue square

PACKS    := plugins/shapes plugins/posterize
PROJECTS := pyproject.toml $(PACKS:%=%/pyproject.toml)
INSTALL  := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
EDITABLE := $(PACKS:%=--editable %)
CHECKED  := graph_engine nodes web plugins tests benchmarks docs

.PHONY: demo test lint format bench results reliability parity clean

demo: $(VENV)/installed  ## Make a picture from a prompt and print its path.
	@$(BIN)/graph-engine run workflows/glide.yaml --prompt "$(PROMPT)"

test: lint  ## Every check and every test.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/installed-dev  ## Style, format and types.
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy

format: $(VENV)/installed-dev  ## Put the sources into the project's format.
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

bench: $(VENV)/installed-dev  ## Measure the engine and write docs/benchmarks.md.
	$(BIN)/python -m benchmarks

results: $(VENV)/installed-dev  ## Run the studies that have no table yet and write docs/results.md (an hour for all).
	$(BIN)/python -m benchmarks.results

reliability: $(VENV)/installed-dev  ## Kill servers, run the tests of faults, and write docs/reliability.md.
	$(BIN)/python -m benchmarks.server.reliability

parity: $(VENV)/installed-dev  ## Compare the nodes with the reference pipelines on tiny models, row by row.
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.checkpoints.table

screenshots: $(VENV)/installed-dev  ## Take the pictures of docs/editor.md; needs Chromium.
	$(BIN)/python -m tests.web.e2e.screenshots

clean:  ## Remove the virtual environment and what the tools left behind.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "graph-engine needs Python 3.11 or newer; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(PROJECTS) constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) (once; some minutes) ..."
	@$(INSTALL) --editable . $(EDITABLE)
	@touch $@

$(VENV)/installed-dev: $(PROJECTS) constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) (once; some minutes) ..."
	@$(INSTALL) --editable '.[dev]' $(EDITABLE)
	@touch $(VENV)/installed $@
