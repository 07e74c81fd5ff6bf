# `make` alone lists the targets. PYTHON= chooses the interpreter of a new .venv.
PYTHON ?= python3
PORT ?= 8000
SIZE ?= full
export PORT SIZE PARTS

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CONTENDERS := $(VENV)/.contenders
PUBLISHERS := $(VENV)/.publishers

# The tests' settings set every other variable of the site themselves.
ON_SQLITE := env -u DATABASE_URL DJANGO_SETTINGS_MODULE=tests.settings
APPS := campaigns apikeys analytics config

.DEFAULT_GOAL := help
.PHONY: help install test audit release load clients bench lint messages openapi demo clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with all that the demo and the tests need

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@

test: install ## Run the tests on SQLite and on PostgreSQL, with their coverage together
	@$(BIN)/python -m tests.preflight
	@rm -f .coverage .coverage.*; failed=0; \
	$(BIN)/python -m tests.both_databases $(BIN)/coverage run --parallel-mode -m pytest || failed=1; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report || failed=1; \
	exit $$failed

lint: install ## Check style, types, imports and missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(ON_SQLITE) $(BIN)/mypy
	$(BIN)/lint-imports
	$(ON_SQLITE) $(BIN)/python manage.py makemigrations --check --dry-run

messages: install ## Collect the texts of our pages and compile their translations (needs gettext)
	@for app in $(APPS); do \
		(cd $$app && ../$(BIN)/django-admin makemessages --all --no-obsolete --add-location file \
		--verbosity 0 && sed -i '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/django.po && \
		../$(BIN)/django-admin compilemessages --verbosity 0) || exit 1; \
	done

openapi: install ## Describe the API anew, in analytics/description/openapi.json
	$(ON_SQLITE) $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		--custom-settings analytics.description.openapi.SETTINGS --urlconf analytics.urls \
		--format openapi-json --file analytics/description/openapi.json

bench: install $(CONTENDERS) ## Measure side by side (SIZE=small in two minutes, full in twenty-five, huge in fifty)
	@$(BIN)/python -m benchmarks

$(CONTENDERS): $(INSTALLED)
	$(BIN)/python -m pip install -qq --editable '.[bench]'
	@touch $@

audit: install $(PUBLISHERS) ## Look for known vulnerabilities in what is installed
	$(BIN)/pip-audit --local --skip-editable --progress-spinner off

release: install $(PUBLISHERS) ## Build, check and try in a fresh environment what docs/releasing.md publishes
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tests.release dist/*.whl

$(PUBLISHERS): $(INSTALLED)
	$(BIN)/python -m pip install -qq --editable '.[release]'
	@touch $@

load: install ## Ask with 200 clients for a minute while writers record, on a temporary PostgreSQL
	$(BIN)/python -m benchmarks.load

clients: install ## Have the clients of others, and generated ones, read a live site (needs npm)
	$(BIN)/pytest -q tests/clients/test_clients.py tests/clients/typescript.py

demo: install ## Serve the API and the admin with believable data (PORT=8000)
	@$(BIN)/python -m config.demo

clean: ## Remove .venv, the demo's data, caches and reports
	rm -rf $(VENV) .demo .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .nox .pytest_cache .ruff_cache .schemathesis build dist staticfiles *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
