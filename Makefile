# `make` lists the targets. Everything is installed into .venv; nothing outside this folder is touched.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
SYRFA  := $(BIN)/python -m syrfa
READY  := $(VENV)/.installed
SEEDS  ?= 1
FUZZ_EXAMPLES ?= 1000
# of make ped2: 32-true where the processor has no bfloat16 units, which convolves 15 times slower in bfloat16
PRECISION ?= bf16-mixed
DEMO   := --config lightning_config/data/demo.yaml
PED2   := --config lightning_config/data/generated.yaml --config lightning_config/data/ped2.yaml
PED2_KNOWLEDGE = $(PED2) --config experiments/ped2_knowledge.yaml --trainer.precision $(PRECISION)
PED2_ADAPT     = $(PED2) --config experiments/ped2_adapt.yaml --trainer.precision $(PRECISION)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types suite fuzz bench world sweep ped2 study clean

help:  ## list the targets
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY)  ## create .venv and install syrfa with its development tools

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## two generated worlds, both phases, a table and pictures (5 to 10 minutes)
	$(SYRFA) generate --preset demo-source --out data/raw/demo-source
	$(SYRFA) generate --preset demo-target --out data/raw/demo-target
	$(SYRFA) fit $(DEMO) --config experiments/demo_knowledge.yaml --run.overwrite true
	$(SYRFA) test $(DEMO) --config experiments/demo_knowledge.yaml --ckpt_path runs/demo_knowledge/seed1/checkpoints/last.ckpt
	$(SYRFA) fit $(DEMO) --config experiments/demo_adapt.yaml --run.overwrite true
	$(SYRFA) test $(DEMO) --config experiments/demo_adapt.yaml --ckpt_path runs/demo_adapt/seed1/checkpoints/last.ckpt
	$(SYRFA) summary runs/demo_knowledge/seed1 runs/demo_adapt/seed1

test: lint  ## lint, types and the test suite, everything installed first
	$(MAKE) --no-print-directory --jobs 2 types suite

lint: $(READY)  ## ruff check and format check
	$(BIN)/ruff check src tests experiments
	$(BIN)/ruff format --check src tests experiments

types: $(READY)  ## mypy in strict mode
	$(BIN)/mypy

suite: $(READY)  ## the tests alone
	@# in the order of their names: otherwise files of one long test come last, and one worker has nothing to do
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

fuzz: $(READY)  ## readers of labels and boxes on FUZZ_EXAMPLES (1000) new damaged files of each kind
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -n 2 tests/datasets/fuzz

bench: $(READY)  ## extraction, reading and a training step next to references (runs/bench_*.json)
	SYRFA_BENCH=1 $(BIN)/python -m pytest tests/benchmarks -s

world: data/raw/standard  ## generate the source world `standard`, with its data card

sweep: $(READY) data/raw/demo-source data/raw/demo-target  ## Table 4's grid of lambdas on the demo worlds, without an account (16 fits)
	OMP_NUM_THREADS=1 $(SYRFA) sweep --config experiments/sweeps/lambda.yaml --jobs 2

ped2: $(READY)  ## `standard` to UCSD Ped2, both phases, for SEEDS (half an hour a seed; needs SYRFA_SHARED_DATA)
	$(SYRFA) generate --preset standard --out data/raw/standard
	set -e; for seed in $(SEEDS); do \
	  knowledge=runs/ped2_knowledge/seed$$seed; adapt=runs/ped2_adapt/seed$$seed; \
	  $(SYRFA) fit $(PED2_KNOWLEDGE) --seed_everything $$seed --run.overwrite true; \
	  $(SYRFA) test $(PED2_KNOWLEDGE) --ckpt_path $$knowledge/checkpoints/last.ckpt; \
	  $(SYRFA) fit $(PED2_ADAPT) --seed_everything $$seed --run.overwrite true \
	    --model.init_args.knowledge_ckpt $$knowledge/checkpoints/last.ckpt; \
	  $(SYRFA) test $(PED2_ADAPT) --ckpt_path $$adapt/checkpoints/last.ckpt; \
	done
	$(SYRFA) summary --all_evaluations true $(foreach s,$(SEEDS),runs/ped2_knowledge/seed$(s) runs/ped2_adapt/seed$(s))

study: $(READY)  ## run a study of experiments/studies, as NAME=mutation, with ARGS="--help"
	$(BIN)/python -m experiments.studies.$(NAME) $(ARGS)

include experiments/tables.mk
include experiments/transfer.mk

clean:  ## remove the environment and what runs leave; data/raw stays
	rm -rf $(VENV) runs data/cache build *.egg-info src/*.egg-info
