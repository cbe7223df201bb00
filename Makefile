# Earmark. `make run` opens the window, `make test` runs the tests; both set everything up first.
#
#   make run [TORCH=cpu]   TORCH=cpu asks pip for torch's CPU build, where an index offers one
#   make check             ruff, mypy, import-linter, deptry
#   make bench             benchmarks, with a table in tests/benchmarks/RESULTS.md
#   make faults [ROUNDS=20]   kills, full disks, damaged files, two programs at once: for long, with their counts

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
TORCH ?=

ROUNDS ?= 20

.PHONY: run test check bench faults setup weights test-system clean

run: setup weights
	$(PY) main.py

test: setup weights test-system
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest $(TESTS)

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/deptry .

bench: setup weights test-system
	$(PIP) install --quiet -c constraints.txt librosa webrtcvad-wheels onnxruntime psutil sherpa-onnx
	$(PIP) install --quiet --no-deps -c constraints.txt resemblyzer
	$(PY) tests/benchmarks/run.py

faults: setup weights
	@failed=0; for kind in kills mutations full_disk two_programs; do \
		$(PY) -m tests.faults.$$kind --rounds $(ROUNDS) || failed=1; done; exit $$failed

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt .ci/system-libraries
	sh .ci/system-libraries run
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Earmark needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one: make run PYTHON=python3.12")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	$(PIP) install "$$(grep '^torch==' constraints.txt)+cpu" || echo "No index here offers the CPU build of torch; taking the ordinary one."
endif
	$(PIP) install -c constraints.txt -e '.[dev]'
	touch $@

weights: setup
	$(PY) main.py models fetch

test-system:
	sh .ci/system-libraries test

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache *.egg-info
