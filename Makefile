# Targets for people; `make help` lists them. Everything is installed into .venv, nothing outside this folder is touched.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
SYRFA  := $(BIN)/python -m syrfa
SEEDS  ?= 1
READY  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types suite bench ped2 clean

help:  ## list the targets
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY)  ## create .venv and install syrfa with its development tools

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## the whole job on generated data: two worlds, both phases, a table and pictures (5 minutes)
	$(SYRFA) generate --preset demo-source --out data/raw/demo-source
	$(SYRFA) generate --preset demo-target --out data/raw/demo-target
	$(SYRFA) fit --config experiments/demo_knowledge.yaml --run.overwrite true
	$(SYRFA) test --config experiments/demo_knowledge.yaml --ckpt_path runs/demo_knowledge/seed1/checkpoints/last.ckpt
	$(SYRFA) fit --config experiments/demo_adapt.yaml --run.overwrite true
	$(SYRFA) test --config experiments/demo_adapt.yaml --ckpt_path runs/demo_adapt/seed1/checkpoints/last.ckpt
	$(SYRFA) summary runs/demo_knowledge/seed1 runs/demo_adapt/seed1

test: lint types suite  ## lint, types and the test suite, everything installed first

lint: $(READY)  ## ruff check and format check
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: $(READY)  ## mypy in strict mode
	$(BIN)/mypy

suite: $(READY)  ## the tests alone
	$(BIN)/pytest

bench: $(READY)  ## extraction and reading speed beside a reference, in one run
	SYRFA_BENCH=1 $(BIN)/pytest tests/benchmarks -s

ped2: $(READY)  ## generated source to real UCSD Ped2, both phases, for SEEDS (hours; needs SYRFA_SHARED_DATA)
	$(SYRFA) generate --preset standard --out data/raw/standard
	for seed in $(SEEDS); do \
	  run="--seed_everything $$seed"; \
	  $(SYRFA) fit --config experiments/ped2_knowledge.yaml $$run --run.overwrite true && \
	  $(SYRFA) test --config experiments/ped2_knowledge.yaml $$run \
	    --ckpt_path runs/ped2_knowledge/seed$$seed/checkpoints/last.ckpt && \
	  $(SYRFA) fit --config experiments/ped2_adapt.yaml $$run --run.overwrite true \
	    --model.init_args.knowledge_ckpt runs/ped2_knowledge/seed$$seed/checkpoints/last.ckpt && \
	  $(SYRFA) test --config experiments/ped2_adapt.yaml $$run \
	    --ckpt_path runs/ped2_adapt/seed$$seed/checkpoints/last.ckpt || exit 1; \
	done
	$(SYRFA) summary --all_readings true $(foreach s,$(SEEDS),runs/ped2_knowledge/seed$(s) runs/ped2_adapt/seed$(s))

clean:  ## remove the environment and what runs leave; data/raw stays
	rm -rf $(VENV) runs data/cache build *.egg-info src/*.egg-info
