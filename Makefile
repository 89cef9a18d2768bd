# The entry points a newcomer needs. Every target installs what it needs into .venv first; nothing else is touched.
#
#   make chat                       the demo in the browser, http://127.0.0.1:7860
#   make ask Q="what does ..."      one answer in the terminal
#   make test                       the default tests          make check      format, lint, types, tests, packaging
#   make test-all                   with torch and a browser   make bench      speed and quality, printed
#   make test-slow                  what make check leaves out
#   make eval                       the gate: no worse than eval/baselines    make baseline   accept what is as the new baseline
#   make test-browser               the chat page in Debian's chromium
#   make models DATA=../shared/data rebuild rag/models from training data (OUT=build/models REHEARSAL=1000 rehearses it)
#   make bench-models DATA=...      embedding models side by side (MODELS="--model NAME" adds one)
#   make bench-provisions DATA=...  whether the right article of the right law is cited
#   make bench-index DATA=...       the index at up to a million passages    make torture    kills, full disks, readers

PYTHON ?= python3
INDEX ?= index/demo
DOCS ?= seeds
Q ?= what does Article 4 permit
DATA ?= ../shared/data
OUT ?= rag/models
REHEARSAL ?= 1
REPORTS ?= build/eval
GATE := --baseline
BIN := .venv/bin
# Two processes, a file of tests each: half the memory that one process comes to hold, and less than half its time.
PYTEST := .venv/bin/python -m pytest --numprocesses 2 --dist loadfile
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: chat ask test test-all test-slow test-browser check format eval baseline bench bench-index bench-models bench-provisions torture models constraints clean
.DELETE_ON_ERROR:

chat ask $(INDEX)/.synced: export RAG_INDEX := $(INDEX)

chat: $(INDEX)/.synced
	$(BIN)/rag chat

ask: $(INDEX)/.synced
	@$(BIN)/rag ask "$(Q)"

test: .venv/.test
	$(PYTEST) -m "not local and not slow and not packaging"

test-all: .venv/.local
	$(PYTEST)

# What `make check` leaves out.
test-slow: .venv/.local
	$(PYTEST) -rs -m "local or slow"

# Skipped, and said so, where chromium is missing (apt-get install chromium).
test-browser: .venv/.browser
	$(BIN)/python -m pytest -rs tests/browser

# After `test`, which `make test check` runs once.
check: .venv/.dev test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m packaging

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Ends with an error on a significant loss beyond the margin; the reports show every failure.
eval: .venv/.test
	$(BIN)/rag eval eval/questions.jsonl --documents $(DOCS) $(GATE) eval/baselines/questions.json --report $(REPORTS)/questions
	$(BIN)/rag eval eval/word-forms.jsonl --retrieval-only --documents $(DOCS) $(GATE) eval/baselines/word-forms.json --report $(REPORTS)/word-forms
	$(BIN)/python -m training.written $(REPORTS)/written
	$(BIN)/rag eval $(REPORTS)/written/questions.jsonl --retrieval-only --documents $(REPORTS)/written/documents $(GATE) eval/baselines/written.json --report $(REPORTS)/written

baseline: GATE = --save-baseline
baseline: eval

bench: .venv/.test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks --data $(DATA) --fresh

bench-index: .venv/.test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.index --data $(DATA) --peers

bench-models: .venv/.local
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.models --data $(DATA) $(MODELS)

bench-provisions: .venv/.test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.provisions --data $(DATA)

# A thousand syncs killed, every write failing once, two hundred syncs under eight readers: about half an hour.
torture: .venv/.test
	TORTURE=1000 $(BIN)/python -m pytest tests/test_torture.py

models: .venv/.local
	$(BIN)/python -m training.train_embedding --data $(DATA) --out $(OUT)
	$(BIN)/python -m training.train_reader --data $(DATA) --out $(OUT) --one-in $(REHEARSAL)
	$(BIN)/python -m training.train_lines --out $(OUT) --one-in $(REHEARSAL)
	$(BIN)/python -m training.train_sufficiency --data $(DATA) --out $(OUT) --one-in $(REHEARSAL)
	$(BIN)/python -m training.fit_fusion --data $(DATA) --out $(OUT)

# After raising versions in .venv: names and versions only, so that the same commands work a year from now.
constraints: .venv/.local
	$(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ' | sed 's/+cpu$$//' | sort -f > constraints.txt

clean:
	rm -rf .venv $(INDEX) build dist

# Synced again whenever a document, a model or the code that reads them changes.
$(INDEX)/.synced: .venv/.core $(wildcard $(DOCS)/*) rag/models/manifest.json $(wildcard rag/load/*.py rag/split.py rag/index/*.py)
	$(BIN)/rag index $(DOCS)
	@touch $@

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.core: .venv/.python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

.venv/.test: .venv/.core
	$(PIP) --editable ".[test]"
	@touch $@

.venv/.browser: .venv/.test
	$(PIP) --editable ".[test,browser]"
	@touch $@

.venv/.dev: .venv/.test
	$(PIP) --editable ".[test,dev]"
	@touch $@

.venv/.local: .venv/.dev
	$(PIP) torch
	$(PIP) --editable ".[test,dev,local,slow,browser]"
	@touch $@
