# Polydesk's manual in six commands. A variable of the environment wins over every value here.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test test-stories check check-long

PYTHON ?= python3
TEST_DATABASES ?= $(or $(POLYDESK_TEST_DATABASE),sqlite postgresql)
TEST_WORKERS ?= 2
TEST_ARGS ?=
POLYDESK_EGRESS_ALLOW ?= 127.0.0.1
BIN := .venv/bin
export PYTHON POLYDESK_EGRESS_ALLOW
# Without bytecode every process of a run would compile the whole house again.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1	\2/p' Makefile | expand -t 20

run: export POLYDESK_DEMO := $(or $(POLYDESK_DEMO),1)
run: ## Set up what is missing, fill the demo and serve it at http://localhost:8080
	@tools/setup requirements.lock
	@exec $(BIN)/polydesk demo --serve

test: ## Set up what is missing, then run the suite on SQLite and on PostgreSQL
	@tools/setup requirements-dev.lock
	@tools/system-packages
	@for database in $(TEST_DATABASES); do \
	    echo "== tests on $$database"; \
	    POLYDESK_TEST_DATABASE=$$database $(BIN)/python -m tests.services \
	        $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup $(TEST_ARGS); \
	done

test-stories: ## What `make test` leaves out for its length: stories in a browser, the demonstration, walks over every page
	@$(MAKE) test TEST_DATABASES=sqlite TEST_ARGS="-m story $(TEST_ARGS)"

check: ## Lint, format, types, import contracts and spelling
	@tools/setup requirements-dev.lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

check-long: export POLYDESK_LONG := 1
check-long: ## The whole suite with what takes long, then once without each plugin
	@$(MAKE) test
	@for without in $$($(BIN)/python -m tools.without); do \
	    echo "== without $$without"; \
	    POLYDESK_WITHOUT=$$without $(MAKE) test TEST_DATABASES=sqlite; \
	done
