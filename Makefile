# Every target does all of its own set-up on a machine with Python 3.11 or newer (with venv), make and git.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help serve cohort lab book test bench soak attack links lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

serve: $(VENV)/course.stamp ## build what is stale and open the course on this computer (PORT=8000)
	@$(VENV)/bin/ppm serve --port $(PORT)

lab: $(VENV)/course.stamp ## open the notebooks in JupyterLab on this computer
	@$(VENV)/bin/ppm lab

cohort: PORT := 8100
cohort: $(VENV)/cohort.stamp ## try a cohort out: a real JupyterHub on this computer, with trial accounts (PORT=8100)
	@$(VENV)/bin/ppm cohort --port $(PORT)

book: $(VENV)/course.stamp ## build the book into _build/html, every warning an error
	@$(VENV)/bin/ppm book

test: $(VENV)/test.stamp ## run every test, the browser's included
	@$(RUN) tests/find_browser.py
	@$(RUN) -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

soak: $(VENV)/test.stamp ## the slow rounds: browser, kernel and server killed while somebody types
	@$(RUN) tests/find_browser.py
	@$(RUN) -m pytest tests -m soak -s

bench: $(VENV)/bench.stamp ## measure page, app, course service and grading beside their stock peers
	@$(RUN) tests/find_browser.py
	@$(RUN) -m bench; page=$$?; $(RUN) -m bench.voila; app=$$?; $(RUN) -m bench.cohort; cohort=$$?; $(RUN) -m bench.arrival; arrival=$$?; $(RUN) -m bench.grading; grading=$$?; test $$page$$app$$cohort$$arrival$$grading = 00000

attack: $(VENV)/cohort.stamp ## attack a trial of its own on this computer, and print what was seen (some minutes)
	@$(RUN) -m tools.attack

links: $(VENV)/course.stamp ## ask every link whether it answers (needs a network), and write the date
	@$(VENV)/bin/ppm links

lock: ## pin every dependency anew (needs a network)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed.") if sys.version_info < (3, 11) else None'
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(PIP) uv
	@for group in course cohort test bench; do \
	  $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header \
	    $$([ $$group = course ] || echo --extra cohort) $$(case $$group in test|bench) echo --group test;; esac) $$([ $$group = bench ] && echo --group bench) pyproject.toml -o requirements/$$group.txt; done

clean: ## remove what was built; the environment stays
	@rm -rf _build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("This course needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "Making the environment (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/course.stamp: requirements/course.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) -r requirements/course.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/cohort.stamp: requirements/cohort.txt $(VENV)/course.stamp
	@$(PIP) -r requirements/cohort.txt
	@$(RUN) -m compileall -q -j 2 -x 'tests?/|templates/' $(VENV)/lib src || true
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/cohort.stamp
	@$(PIP) -r requirements/test.txt
	@touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/test.stamp
	@$(PIP) -r requirements/bench.txt
	@touch $@
