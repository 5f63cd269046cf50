# Every target does all of its own set-up on a machine with Python 3.11 or newer (with venv), make and git.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python
# Nothing is installed but what requirements/ names, and no file but those whose hashes stand there. A new dependency:
# write it into pyproject.toml with its reason, and run 'make lock', which leaves all other versions as they are. The
# largest list comes first and the others take its versions: what is installed for learners is what was tested.
PIP := -m pip install --quiet --disable-pip-version-check
PINNED := $(PIP) --require-hashes -r

LOCK = $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help serve cohort lab book test bench soak attack links lock audit clean

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
	@$(RUN) -m tests.find_browser
	@$(RUN) -m pytest tests -n 3 --dist loadfile --no-loadscope-reorder

soak: $(VENV)/test.stamp ## the slow rounds: browser, kernel and server killed while somebody types
	@$(RUN) -m tests.find_browser
	@$(RUN) -m pytest tests -m soak -s

bench: $(VENV)/bench.stamp ## measure page, app, course service and grading beside their stock peers
	@$(RUN) -m tests.find_browser
	@$(RUN) -m bench; page=$$?; $(RUN) -m bench.voila; app=$$?; $(RUN) -m bench.cohort; cohort=$$?; $(RUN) -m bench.arrival; arrival=$$?; $(RUN) -m bench.grading; grading=$$?; test $$page$$app$$cohort$$arrival$$grading = 00000

attack: $(VENV)/cohort.stamp ## attack a trial of its own on this computer, and print what was seen (some minutes)
	@$(RUN) -m tools.attack

links: $(VENV)/course.stamp ## ask every link whether it answers (needs a network), and write the date
	@$(VENV)/bin/ppm links

lock: | $(VENV)/bin/python ## pin every dependency, with hashes; versions that are pinned stay (needs a network; UPGRADE=--upgrade for newer ones)
	@$(RUN) $(PINNED) requirements/lock.txt
	@$(LOCK) pyproject.toml --group build --extra cohort --group test --group bench -o requirements/bench.txt
	@$(LOCK) pyproject.toml --group build --extra cohort --group test -c requirements/bench.txt -o requirements/test.txt
	@$(LOCK) pyproject.toml --group build --extra cohort -c requirements/test.txt -o requirements/cohort.txt
	@$(LOCK) pyproject.toml --group build -c requirements/cohort.txt -o requirements/course.txt
	@$(LOCK) --group lock -o requirements/lock.txt
	@$(LOCK) --group audit -o requirements/audit.txt

audit: $(VENV)/audit.stamp $(VENV)/cohort.stamp ## ask whether holes are known in the pinned versions (needs a network)
	@$(RUN) tools/audit.py

clean: ## remove what was built; the environment stays
	@rm -rf _build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("This course needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "Making the environment (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/course.stamp: requirements/course.txt pyproject.toml | $(VENV)/bin/python
	@$(RUN) $(PINNED) requirements/course.txt
	@$(RUN) $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/cohort.stamp: requirements/cohort.txt $(VENV)/course.stamp
	@$(RUN) $(PINNED) requirements/cohort.txt
	@$(RUN) -m compileall -q -j 2 -x 'tests?/|templates/' $(VENV)/lib src || true
	@touch $@

$(VENV)/audit.stamp: requirements/audit.txt | $(VENV)/bin/python
	@$(RUN) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python $(PINNED) requirements/audit.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/cohort.stamp $(VENV)/audit.stamp
	@$(RUN) $(PINNED) requirements/test.txt
	@touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/test.stamp
	@$(RUN) $(PINNED) requirements/bench.txt
	@touch $@
