# Every task of the project; `make help` lists them. The environments come by themselves: scripts/environment.py.

PYTHON ?= python3
ENGINE ?= sail
LANDING ?= build/landing
LAKEHOUSE ?= build/lakehouse
# Processes for the embedded half of the tests and for the Spark half (pytest-xdist); empty: one.
WORKERS ?= $(shell [ "$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" -lt 2 ] || echo 2)
SPARK_WORKERS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
export PYTHON

ifeq ($(filter sail spark,$(ENGINE)),)
$(error ENGINE is '$(ENGINE)': it has to be sail or spark)
endif

# `$(IN) NAME [dev] -- COMMAND` runs a command in an environment and costs some 20 ms when nothing changed.
# An environment's own Python starts faster than the shims of version managers.
IN = p=.venv/bin/python; [ -x $$p ] || p=$$(command -v $(PYTHON)) || { \
	echo "Python 3.10 or newer is needed and there is no $(PYTHON): apt-get install python3 python3-venv (Debian, Ubuntu)." >&2; \
	exit 1; }; "$$p" -S -E scripts/environment.py

.DEFAULT_GOAL := help
.PHONY: help run sample test test-fast test-spark test-spark35 lint format types bench printed docs notebook spark clean clean-all

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  ENGINE=spark          run on Apache Spark (Java 17 or 21) in place of the embedded engine"
	@echo "  LANDING=DIR           load these files; LAKEHOUSE=DIR: write the tables there"
	@echo "  PYTHON=/path/python3  the Python that the environments are made of"

run: sample ## Load the sample files, or those in LANDING=DIR, to bronze, silver and gold, and show the answers
	@$(IN) $(ENGINE) -- nh-lakehouse run --engine $(ENGINE) --landing "$(LANDING)" --lakehouse "$(LAKEHOUSE)" --show

# The folder gets its name when it is complete: a sample that was interrupted is made again.
sample: ## Generate the sample files (600 homes, claims of 2,000 people, 300 patients), unless they are there
	@[ "$(LANDING)" != build/landing ] || [ -d build/landing ] || \
	( $(IN) $(ENGINE) -- nh-lakehouse sample --out build/landing --homes 600 --months 2 --quarters 1 --seed 1 )
	@[ "$(LANDING)" != build/landing ] || [ -d build/landing/claims ] || \
	( $(IN) $(ENGINE) -- nh-lakehouse sample --domain claims --people 2000 --out build/landing/claims --seed 1 )
	@[ "$(LANDING)" != build/landing ] || [ -d build/landing/hospital ] || \
	( $(IN) $(ENGINE) -- nh-lakehouse sample --domain hospital --patients 300 --out build/landing/hospital --seed 1 )

test: test-fast ## Run all tests: on the embedded engine, then on Spark (Java 17 or 21)
	@if why=$$( ( $(IN) java ) 2>&1 >/dev/null ); then \
		$(MAKE) --no-print-directory test-spark; \
	else \
		echo; echo "The tests passed on the embedded engine; the Spark half did not run."; echo "$$why"; \
		[ "$${CI:-}" != true ]; \
	fi

test-fast: ## Run the tests on the embedded engine alone: the inner loop
	@echo "== tests on the embedded engine (Sail)"
	@export NHL_ENGINE=sail; $(IN) sail dev -- python -m pytest $(if $(WORKERS),-n $(WORKERS) --dist loadfile --no-loadscope-reorder) $(PYTEST_ARGS)

# Tests without an engine say the same on both: the embedded half has run them. Parity needs both environments.
test-spark: ## Run the tests that use an engine on Spark
	@echo "== tests on Spark"
	@$(IN) sail dev
	@export NHL_ENGINE=spark; $(IN) spark dev -- python -m pytest $(if $(SPARK_WORKERS),-n $(SPARK_WORKERS) --dist loadfile --no-loadscope-reorder) -m "spark and not network" $(PYTEST_ARGS)

test-spark35: ## Run the tests of every write path on the second Spark line (Python 3.10 or 3.11, Java 17)
	@echo "== tests on the second Spark line (3.5)"
	@export NHL_ENGINE=spark; $(IN) spark35 dev -- python -m pytest -m spark35 $(PYTEST_ARGS)

lint: ## Check style and form
	@$(IN) sail dev -- ruff check .
	@$(IN) sail dev -- ruff format --check .

format: ## Format the code and mend what can be mended by rule
	@$(IN) sail dev -- ruff check --fix --quiet . || true
	@$(IN) sail dev -- ruff format .

types: ## Check the types
	@$(IN) sail dev -- mypy

bench: ## Measure speed and memory beside the peers on both engines, as ratios within one run (docs/benchmarks.md)
	@$(IN) sail
	@$(IN) spark -- .venv/bin/python -m benchmarks $(BENCH_ARGS)

printed: ## Hold the figures printed in the nursing-home document against generated files of true size (docs/)
	@$(IN) sail -- python scripts/printed_figures.py

docs: ## Write the data dictionary and the lineage to docs/dictionary/
	@$(IN) sail -- nh-lakehouse docs --out docs/dictionary

notebook: ## Open the worked examples in JupyterLab
	@$(IN) sail notebook -- jupyter lab notebooks

spark: ## Make the Spark environment, with the Delta JARs, for spark-submit
	@$(IN) spark
	@echo ".venv-spark/bin/spark-submit jobs/pipeline.py --landing DIR --lakehouse DIR"

clean: ## Remove results and caches (build/, .pytest_cache, ...)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov \
		artifacts spark-warehouse metastore_db derby.log
	@find src tests jobs scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

clean-all: clean ## Remove the environments as well
	@rm -rf .venv .venv-spark .venv-spark35 .venv*.lock .venv*.log src/nh_lakehouse.egg-info
