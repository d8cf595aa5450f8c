.DEFAULT_GOAL := help
.PHONY: help run test test-mwaa pictures up down lint bench

PYTHON := .venv/bin/python
export PYTHONPATH := plugins:.

help:  ## show this help
	@echo "Simple Data Hub: CSV to Iceberg tables and views on AWS Glue, driven by Airflow; here without an AWS account"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  ./hub --help for files of your own, SQL and checks"

run:  ## run the sample through the pipeline once
	@./hub run

test:  ## run all tests
	@requirements/install dev
	@$(PYTHON) -m pytest -n 2 --dist loadgroup

test-mwaa: test-mwaa-3.3.1 test-mwaa-3.2.1  ## run the tests of the DAG with what MWAA's images have

test-mwaa-%:
	@requirements/install mwaa-$*
	@.venv-mwaa-$*/bin/python -m pytest -n 2 --dist loadgroup -m mwaa

up:  ## start Airflow with its UI and the local AWS, until Ctrl-C
	@./hub up

down:  ## end what make up started
	@./hub down

lint:  ## check format, style, types and import rules
	@requirements/install dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

pictures:  ## take the pictures of docs/ anew
	@requirements/install dev
	@DATA_HUB_PICTURES=docs/pictures $(PYTHON) -m pytest tests/airflow_live/test_user_interface.py

bench:  ## measure: the DAG's import, ingestion and views against their peers (ARGUMENTS=--quick for a small run)
	@requirements/install dev
	@$(PYTHON) bench/dag_import.py
	@requirements/install bench
	@.venv-bench/bin/python bench/ingestion.py $(ARGUMENTS)
	@$(PYTHON) bench/views.py $(ARGUMENTS)
