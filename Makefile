# make demo   the main job: jet data to verified trigger firmware, then the path of the report
# make test   everything that must pass: formatting, lint, types, all tests
# make check  the same without the slow tests (about a minute)
# make clean  removes the environment, caches and runs
.PHONY: demo test check lint setup clean

BIN := .venv/bin
# Two processes use two cores better than JAX does; each takes up to 5 GB.
PYTEST := PATH="$(CURDIR)/.nextpnr-xilinx/bin:$$PATH" $(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

demo: setup
	$(BIN)/codesign run examples/jet_tagging.toml

test: lint
	$(PYTEST)

check: lint
	$(PYTEST) -m "not slow"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

setup:
	./setup.sh

clean:
	rm -rf .venv .uv .nextpnr-xilinx .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis runs
