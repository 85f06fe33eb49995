# LeadMaster. `make` lists what there is; README.md says more.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PYTHON ?= python3
PORT ?= 8000
# Empty: that of the last run, 3011 at first.
GATEWAY_PORT ?=
ARGS ?=
export VENV PYTHON

BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
# Tools that load the settings without a machine's secrets look around in DEBUG.
LOOK_AROUND := DEBUG=true SECRET_KEY=lint FIELD_ENCRYPTION_KEY=$(shell printf '0%.0s' {1..64})
APT_TEST := mariadb-server chromium gettext

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  PORT=8001 GATEWAY_PORT=3012 make run     other ports'
	@echo '  make test ARGS="tests/ops -k alert"      part of the tests, on both databases'

# --- Use ------------------------------------------------------------------------------------------------------------

.PHONY: run
run: ## Everything on this machine, with a demonstration to look at; Ctrl-C ends it
	@deploy/bootstrap.sh $$([[ "$${DATABASE_URL:-}" == mysql* ]] || grep -qs '^DATABASE_URL=mysql' .env && echo mysql || echo base)
	@$(PYTHON) deploy/write_env.py
	@# Tied to make: should that be killed outright, everything is told to end.
	@PORT=$(PORT) GATEWAY_PORT=$(GATEWAY_PORT) exec $$(command -v setpriv >/dev/null && echo setpriv --pdeathsig TERM) deploy/run

# --- Work -----------------------------------------------------------------------------------------------------------

.PHONY: dev
dev: ## The environment of whoever changes LeadMaster
	@deploy/bootstrap.sh dev
	@$(PYTHON) deploy/write_env.py

.PHONY: check
check: lint ## Lint, types, and the tests nearest to what changed since main; NEAREST=2000 for more
	@deploy/test changed $(ARGS)

.PHONY: test
test: dev apt-test ## All tests: SQLite, MariaDB of its own, browser, short chaos
	@deploy/test all $(ARGS)

.PHONY: test-sqlite
test-sqlite: dev ## The tests on SQLite alone
	@deploy/test sqlite $(ARGS)

.PHONY: test-mariadb
test-mariadb: dev apt-test ## The tests on a MariaDB server of their own
	@deploy/test mariadb $(ARGS)

.PHONY: test-mysql
test-mysql: dev ## The same on a MySQL server of their own, where there is a mysqld
	@deploy/test mysql $(ARGS)

.PHONY: test-browser
test-browser: dev apt-test ## The stories that people go through, in Chromium
	@deploy/test browser $(ARGS)

.PHONY: screenshots
screenshots: dev ## Pictures of every page of the demonstration that runs at PORT, in build/screenshots
	@$(BIN)/python -m tests.browser.screenshots http://127.0.0.1:$(PORT) build/screenshots \
	    diego:leadmaster-demo laura:leadmaster-demo admin:leadmaster-demo

.PHONY: apt-test
apt-test:
	@deploy/bootstrap.sh apt $(APT_TEST)

.PHONY: fresh
fresh: ## As root, for a release: make run and make test on a bare Debian stable; ARGS=run for the first alone
	@deploy/fresh $(ARGS)

.PHONY: chaos
chaos: dev apt-test ## Three clusters, SIGKILL at random, the ledger checked; CHAOS_SECONDS=600 for long
	@CHAOS_SECONDS=$${CHAOS_SECONDS:-300} HOSTS=1 deploy/test chaos $(ARGS)

.PHONY: mutants
mutants: dev apt-test ## Take out one guard after the other; the tests have to notice each
	@deploy/mariadb-throwaway $(BIN)/python -m tests.mutants $(ARGS)

.PHONY: bench
bench: ## The engine measured beside a raw loop, Celery and django-post_office
	@deploy/bootstrap.sh bench
	@deploy/bootstrap.sh apt mariadb-server redis-server
	@FLUSH_LOG=1 BUFFER_POOL=1G deploy/mariadb-throwaway $(BIN)/python -m tests.bench $(ARGS)

.PHONY: lint
lint: dev ## Everything that can be said without running the tests
	@# The types take as long as all the rest: beside it, on a core of their own.
	@$(LOOK_AROUND) $(BIN)/mypy & types=$$!; found=0; \
		$(MAKE) lint-without-types || found=1; \
		wait $$types || found=1; \
		exit $$found
	@echo 'lint: nothing to say'

.PHONY: lint-without-types
lint-without-types:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo
	@$(LOOK_AROUND) $(MANAGE) check --fail-level WARNING
	@$(LOOK_AROUND) $(MANAGE) makemigrations --check --dry-run
	@deploy/commit_subjects.py
	@for script in .ci/run deploy/fresh deploy/run deploy/test deploy/*-throwaway deploy/*.sh; do bash -n "$$script"; done

.PHONY: fmt
fmt: dev ## Format, and mend what can be mended safely
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: messages
messages: dev ## Collect the texts of the screens for translation, and compile the catalogues
	@deploy/bootstrap.sh apt gettext
	@$(LOOK_AROUND) $(MANAGE) makemessages --locale en --locale pt_BR --no-location --no-obsolete \
		--ignore '$(VENV)' --ignore var --ignore tests --ignore build
	@$(LOOK_AROUND) $(MANAGE) compilemessages --ignore '$(VENV)'
	@for language in en pt_BR; do msgfmt --statistics --output-file /dev/null leadmaster/locale/$$language/LC_MESSAGES/django.po; done

.PHONY: lock
lock: dev ## Pin requirements/*.in anew (UPGRADE=1 takes newer versions)
	@for set in dev base mysql session_manager bench redis; do \
		constraint=; [ $$set = dev ] || constraint='--constraint requirements/dev.txt'; \
		uv=$$(command -v $(BIN)/uv || command -v uv) || { $(BIN)/python -m pip install --quiet uv; uv=$(BIN)/uv; }; \
		$$uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			$${UPGRADE:+--upgrade} $$constraint requirements/$$set.in --output-file requirements/$$set.txt; \
	done

.PHONY: audit
audit: dev ## Known holes in what is installed; needs the network
	@$(BIN)/pip-audit --requirement requirements/mysql.txt --require-hashes --disable-pip

.PHONY: clean
clean: ## Forget caches and build products; the database and .env stay
	@rm -rf var/static var/cache var/reports .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
