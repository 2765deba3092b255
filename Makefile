# Every target works as the first command on a fresh clone. ARGS goes to the command: make run ARGS="--seed 1"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Two processes on two cores, so one thread each: with more, their waiting for one another takes half of the time.
# Each takes half of the files, whole, so that what a file shares is made once; who is done first takes from the other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

.PHONY: install run check test coverage browser bench torture fuzz docs clean

install: $(VENV)/.installed

# Bytecode, as pip writes it for all but editable installs: each of the tests' many processes starts sooner by it.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train,dev]"
	$(BIN)/python -m compileall -q src
	touch $@

run: install
	$(BIN)/assay run $(ARGS)

# The inner loop: the quick tests of the house and of the rooms that differ from main. ROOMS="audits reports" names
# rooms, ROOMS=all takes every quick test.
ROOMS ?=
check: install
	$(BIN)/ruff format --check src tests scripts benchmarks
	$(BIN)/ruff check src tests scripts benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -m "not torture and not browser and not slow" \
		$$($(BIN)/python scripts/touched_tests.py $(ROOMS)) $(ARGS)

test: install browser
	$(BIN)/ruff format --check src tests scripts benchmarks
	$(BIN)/ruff check src tests scripts benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -m "not torture" $(ARGS)
	$(BIN)/python scripts/check_wheel.py

# Which lines and branches the tests pass through; counting them takes a third longer.
coverage: install browser
	$(PYTEST) -m "not torture" --cov --cov-report=term:skip-covered $(ARGS)

# Chromium and axe-core for the browser tests; where they cannot be installed those are skipped and say so.
browser:
	@scripts/install_browser.sh

# Ray, s3fs, gcsfs and servers that speak as their storages do are not among what the tests install: theirs that
# need them are skipped without them, and run here.
torture: install browser
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[ray,cloud]" boto3 flask flask-cors "moto[s3]" gcsfs gcp-storage-emulator
	$(BIN)/pytest -m "not torture" tests/workflow/engines tests/data/sources/cloud
	$(BIN)/python scripts/torture.py $(ARGS)

# Searches for contents that crash a parser; needs atheris (pip install atheris) and says so where it is absent.
# ARGS names parsers: make fuzz SECONDS=300 ARGS="idx csv". Sums over all sittings: benchmarks/results/fuzz.json.
SECONDS ?= 60
fuzz: install
	$(BIN)/python scripts/fuzz_sitting.py $(ARGS) --seconds $(SECONDS)

# All benchmarks but those that want a folder of photographs or environments of other tools: their heads say how.
BY_HAND := benchmarks/photos.py benchmarks/truth_labels.py benchmarks/truth_peers.py
bench: install
	for script in $(filter-out $(BY_HAND),$(wildcard benchmarks/*.py)); do $(BIN)/python $$script || exit 1; done
	$(BIN)/python scripts/readme_tables.py

# The pages that are made from the program, and the whole as a static site: site/index.html.
docs: install
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python scripts/build_site.py

clean:
	rm -rf $(VENV) site .browser .mypy_cache .ruff_cache .pytest_cache .coverage dist
