# Every chore is a subcommand of dev.py; these are its aliases. ARGS passes arguments on: make test ARGS="-k log"
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench docs lines lock clean

help: ## list every chore
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv with the locked packages (ARGS=--dev for the test tools as well)
	@$(PYTHON) dev.py setup $(ARGS)

demo: ## bring up every party of the region pack here and play the exercise
	@$(PYTHON) dev.py demo $(ARGS)

test: ## ruff, mypy and pytest
	@$(PYTHON) dev.py test $(ARGS)

bench: ## the measurements, each a ratio to a raw limit (ARGS="receive --json")
	@$(PYTHON) dev.py bench $(ARGS)

docs: ## check that links resolve and that documents and help agree with the code
	@$(PYTHON) dev.py docs $(ARGS)

lines: ## make the boundaries that maps draw, from a locked public archive (ARGS="--archive FILE" offline)
	@$(PYTHON) dev.py lines $(ARGS)

lock: ## write the locked, hashed requirements anew (ARGS=--upgrade for newer versions)
	@$(PYTHON) dev.py lock $(ARGS)

clean: ## remove .venv, caches, builds and the exercise's own folder
	@$(PYTHON) dev.py clean
