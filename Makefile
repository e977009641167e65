# `make` alone lists the targets. Everything runs out of .venv, which they set up themselves.

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# A name on PATH may still be unable to run: try each. Done once, when a recipe first needs it.
FIND = for python in $(CANDIDATES); do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done
PYTHON ?= $(eval PYTHON := $$(shell $$(FIND)))$(PYTHON)
VENV := .venv/bin/python
INSTALL = @$(if $(PYTHON),$(PYTHON) requirements/install.py,\
	echo "Python 3.11 or newer is needed; tried $(CANDIDATES)." >&2; exit 1;)

.PHONY: help run demo test check check-types check-rest bench pictures faults fuzz lock clean install-base install-test

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

run: install-base ## start the platform, send a first message through it, serve until Ctrl-C
	@exec $(VENV) manage.py serve --first-message

demo: install-base ## the same, but end after the first message; exit code 0 if it was delivered
	@exec $(VENV) manage.py serve --demo

test: install-test ## run the tests; TESTS=tests/sms for some of them
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; \
	DATA_DIR=$$data $(VENV) -m pytest -n 2 $(TESTS)

check: install-test ## format, lint, types, import contracts, security, system checks, migrations
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check-types check-rest

check-types: # takes as long as all the rest
	@$(VENV) -m mypy

check-rest:
	@$(VENV) -m ruff format --check --quiet .
	@$(VENV) -m ruff check --quiet .
	@$(VENV) .venv/bin/lint-imports --no-logo
	@$(VENV) -m bandit --quiet --configfile pyproject.toml --recursive cpaas accounts sms staff
	@$(VENV) requirements/audit.py
	@$(VENV) manage.py check
	@$(VENV) manage.py makemigrations --check --dry-run

bench: install-base ## measure speed: ARGS="--messages 20000"; also on DATABASE_URL and CELERY_BROKER_URL
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; DATA_DIR=$$data $(VENV) manage.py bench $(ARGS)

pictures: install-test ## take README's pictures of the admin anew; needs Chromium
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; DATA_DIR=$$data PICTURES=docs/pictures \
	$(VENV) -m pytest tests/sms/admin/test_screens.py -k pages_fit

faults: install-test ## hurt a platform under load, on a PostgreSQL and a RabbitMQ of its own; ARGS=--short
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; DATA_DIR=$$data $(VENV) -m tests.faults $(ARGS)

fuzz: install-test ## send nonsense to each door for a minute; ARGS="--fuzz-s 600 --fuzz-seed 7"
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; DATA_DIR=$$data \
	$(VENV) -m pytest -n 2 tests/fuzz --fuzz-s 60 $(ARGS)

lock: ## pin the newest versions that requirements/*.in allow
	@PATH=".venv/bin:$$PATH"; command -v uv >/dev/null || \
		{ echo "make lock needs uv: $(VENV) -m pip install uv" >&2; exit 1; }; \
	for set in base test; do uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--no-header requirements/$$set.in --output-file requirements/$$set.txt || exit; done

clean: ## remove .venv and caches; data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

install-base install-test:
	$(INSTALL) $(@:install-%=%)
