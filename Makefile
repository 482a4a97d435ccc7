# Each target sets up what it needs; set-up that is done takes less than a second.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: help setup lab test quick course study release grade bench

help:
	@echo "make lab      open the course in JupyterLab (make lab ARGS=--no-browser on a server)"
	@echo "make test     run all tests"
	@echo "make quick    run the fast tests (under a minute)"
	@echo "make course   execute the notebooks of course/ and solutions/ and save them with their outputs"
	@echo "make study    run the experiments of the notebooks at full size and save their numbers (two hours)"
	@echo "make release  generate exercises/ from solutions/"
	@echo "make grade    grade submitted/, or a sample class when there is none"
	@echo "make bench    measure the grader (see benchmarks/)"

setup:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. Name one of Python 3.11 to 3.13: make lab PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) tools/setup.py

lab: setup
	@$(BIN)/python -m tools.lab $(ARGS)

test: setup
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

quick: setup
	@$(BIN)/python -m pytest -m "not slow" --numprocesses 2 --dist worksteal $(ARGS)

course: setup
	@$(BIN)/python -m tools.execute course/*.ipynb solutions/*/*.ipynb

study: setup
	@$(BIN)/python -m course.studies.sonar_study
	@$(BIN)/python -m course.studies.fashion_study
	@$(BIN)/python -m course.studies.transfer_study

release: setup
	@$(BIN)/autograder release

grade: setup
	@$(BIN)/autograder grade

bench: setup
	@$(BIN)/python -m benchmarks $(ARGS)
