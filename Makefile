# Chargebook: `make` lists the targets. What a target does is in tools/.

PYTHON ?= python3
BIN = .venv/bin
# Handed to pytest: make test ARGS="tests/sites -k picker"
ARGS ?=

# Hundreds of processes would each compile all the code again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help trip install install-e2e demo demo-reset test test-days test-services test-sqlite fuzz e2e lint types bench lighthouse chaos check-migrations messages check-messages vendor screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

install: ## make .venv with everything that uv.lock pins
	@sh tools/install.sh "$(PYTHON)"

install-e2e: ## the same, and what drives a browser
	@sh tools/install.sh "$(PYTHON)" e2e

demo: install ## run the portal against a simulated operator
	@$(BIN)/python -m tools.demo.run

demo-reset: install ## forget everything that the demo keeps
	@$(BIN)/python -m tools.demo.reset

test: install ## run the suite; PostgreSQL, Redis and browser tests where those are
	@$(BIN)/python -m tools.suite here $(ARGS)

test-days: install ## run tests that take dates on other days; ARGS=--whole the suite
	@$(BIN)/python -m tools.suite days $(ARGS)

test-services: install ## run the suite on PostgreSQL and Redis
	@$(BIN)/python -m tools.suite services $(ARGS)

test-sqlite: install ## run what differs on SQLite, after a run on PostgreSQL and Redis
	@$(BIN)/python -m tools.suite sqlite $(ARGS)

fuzz: install ## send every page and every reader much more nonsense than the suite does
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-40} $(BIN)/python -m pytest -n auto tests/fuzz $(ARGS)

e2e: install-e2e ## run the browser tests against a demo of their own
	@$(BIN)/python -m tools.suite browser $(ARGS)

lint: install ## check style: code and templates
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m djlint --quiet --lint templates
	@$(BIN)/lint-imports --no-logo

types: install ## check types
	@$(BIN)/python -m mypy .

bench: install ## measure what it costs
	@$(BIN)/python -m tools.benchmarks $(ARGS)

lighthouse: install ## measure the main pages with Lighthouse
	@$(BIN)/python -m tools.frontend.lighthouse $(ARGS)

trip: install ## show which files a booking passes from the form to both mails
	@TRIP_REPORT=1 $(BIN)/python -m pytest -q -s tests/bookings/test_trip.py

chaos: install ## let everything fail while people book, and compare the books
	@$(BIN)/python -m tools.chaos $(ARGS)

check-migrations: install ## check that the migrations fit the models
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run

messages: install ## bring translations up to date with the texts, and compile them
	@$(BIN)/python -m tools.messages

check-messages: install ## check that every text is translated
	@$(BIN)/python -m tools.messages --check

vendor: install ## fetch the vendored front-end libraries again
	@$(BIN)/python -m tools.frontend.vendor

screenshots: install-e2e ## take the pictures in docs/screenshots again
	@$(BIN)/python -m tools.frontend.screenshots
