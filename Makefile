# What is done to Gleanery. `make` lists it; every target works on a fresh clone, and makes the environment it needs.

PYTHON ?= python3
BIN := .venv/bin
PIP := -m pip --disable-pip-version-check install -q

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test live lint bench chaos checks soak eval train-references docs constraints clean

help: ## List what can be made
	@sed -n 's/^\([a-z.-]*\):[^#]*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

.venv: .venv/.installed ## Make the environment: gleanery and its tools, in the versions they are tested with

.venv/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	{ echo "Gleanery needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is not. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) -c constraints.txt -e ".[test]"
	@touch $@

demo: .venv/.installed ## Parse examples/references.txt: a table, then one record as JSON and as BibTeX
	@$(BIN)/gleanery run bibliography examples/references.txt
	@printf '\nThe first as a record, each value with its place in the input:\n\n'
	@$(BIN)/gleanery run bibliography examples/references.txt --limit 1 --json -q | \
	$(BIN)/python -c 'import json; [print(f"  {k}: {json.dumps(v, ensure_ascii=False)}") for k, v in json.loads(input()).items()]'
	@printf '\nAnd as BibTeX:\n\n'
	@$(BIN)/gleanery run bibliography examples/references.txt --limit 1 --format bibtex -q

test: .venv/.installed ## Run the tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

live: .venv/.installed ## Run the contract on real models: those at OLLAMA_HOST, or make live MODELS="ollama/qwen3:4b ..."
	$(if $(MODELS),GLEANERY_LIVE_MODELS="$(MODELS)") $(BIN)/python -m pytest -m live -rs

lint: .venv/.installed ## Check style, types, and that no room imports from a floor above it
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: .venv/.installed ## Measure the speed, half an hour; on references of your own: make bench SOURCE=references.txt
	$(BIN)/python bench/speed.py $(if $(SOURCE),--source "$(SOURCE)")
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/throughput.py
	$(BIN)/python bench/grammar.py
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/wire_record.py
	$(BIN)/python bench/committing.py
	$(BIN)/python bench/cores.py $(if $(SOURCE),--source "$(SOURCE)")
	$(BIN)/python bench/calls.py
	$(BIN)/python bench/dask_scaling.py
	$(BIN)/python bench/latencies.py
	$(BIN)/python bench/agents.py

chaos: .venv/.installed ## Kill workers, schedulers and drivers at random moments, an hour: nothing may be lost or doubled
	$(BIN)/python bench/chaos.py

checks: .venv/.installed ## Check sameness, grounding and exports on a file of your own: make checks SOURCE=references.txt
	@test -n "$(SOURCE)" || { echo "Say which references, one a line: make checks SOURCE=references.txt" >&2; exit 2; }
	$(BIN)/python bench/sameness.py "$(SOURCE)"
	$(BIN)/python bench/exports.py "$(SOURCE)"

soak: .venv/.installed ## Send a million references through the command and watch its memory, about ten minutes
	$(BIN)/python bench/memory.py $(if $(SOURCE),--source "$(SOURCE)")

eval: .venv/.installed ## Score on annotated references: make eval GOLD=test.jsonl
	@test -n "$(GOLD)" || { echo "Say which annotated references: make eval GOLD=test.jsonl" >&2; exit 2; }
	$(BIN)/gleanery eval bibliography "$(GOLD)" --by-source

.venv-train/.installed: pyproject.toml constraints.txt
	test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	.venv-train/bin/python $(PIP) -c constraints.txt -e ".[train]"
	@touch $@

.PHONY: training-data
training-data:
	@test -n "$(DATA)" || { echo "Say where the annotated references are: make train-references DATA=folder" >&2; exit 2; }

train-references: training-data .venv/.installed .venv-train/.installed ## Train the specialist anew, one to two hours: make train-references DATA=folder
	.venv-train/bin/python -m gleanery.models.references.training "$(DATA)"
	@test ! -f "$(DATA)/test.jsonl" || $(MAKE) eval GOLD="$(DATA)/test.jsonl"

docs: .venv/.installed ## Write docs/commands.md, the picture and the README's outputs from the commands themselves
	$(BIN)/python docs/commands.py

constraints: .venv/.installed ## Pin what is installed in .venv, as the set that has been tested
	@{ echo '# The set that Gleanery is tested with, for Python 3.11 to 3.13. Made by make constraints from what is in .venv:'; \
	  echo '# to move on, upgrade there, run make lint test, and make this file anew.'; \
	  $(BIN)/python -m pip freeze --exclude-editable --exclude gleanery | grep -v -e ' @ ' -e '^torch==' -e '^nvidia-'; \
	  printf '%s\n' torch==2.13.0 onnx==1.23.2; } > $@.new
	@mv $@.new $@.txt

clean: ## Remove what can be made again; the environments stay
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name .venv\* -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
