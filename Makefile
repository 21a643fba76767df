# Targets for people; `make help` lists them. Everything is installed into .venv, nothing outside this folder is touched.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
SYRFA  := $(BIN)/python -m syrfa
SEEDS  ?= 1
KILLS  ?= 20
FUZZ_EXAMPLES ?= 1000
# of make ped2: 32-true where the processor has no bfloat16 units, which convolves 15 times slower in bfloat16
PRECISION ?= bf16-mixed
READY  := $(VENV)/.installed
DEMO   := --config lightning_config/data/demo.yaml
PED2   := --config lightning_config/data/generated.yaml --config lightning_config/data/ped2.yaml
PED2_KNOWLEDGE = $(PED2) --config experiments/ped2_knowledge.yaml --trainer.precision $(PRECISION)
PED2_ADAPT     = $(PED2) --config experiments/ped2_adapt.yaml --trainer.precision $(PRECISION)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types suite torture fuzz torture-resume mutants precision boxes bench scale world sweep realism ped2 clean

help:  ## list the targets
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(READY)  ## create .venv and install syrfa with its development tools

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## the whole job on generated data: two worlds, both phases, a table and pictures (5 to 10 minutes)
	$(SYRFA) generate --preset demo-source --out data/raw/demo-source
	$(SYRFA) generate --preset demo-target --out data/raw/demo-target
	$(SYRFA) fit $(DEMO) --config experiments/demo_knowledge.yaml --run.overwrite true
	$(SYRFA) test $(DEMO) --config experiments/demo_knowledge.yaml --ckpt_path runs/demo_knowledge/seed1/checkpoints/last.ckpt
	$(SYRFA) fit $(DEMO) --config experiments/demo_adapt.yaml --run.overwrite true
	$(SYRFA) test $(DEMO) --config experiments/demo_adapt.yaml --ckpt_path runs/demo_adapt/seed1/checkpoints/last.ckpt
	$(SYRFA) summary runs/demo_knowledge/seed1 runs/demo_adapt/seed1

test: lint types suite  ## lint, types and the test suite, everything installed first

lint: $(READY)  ## ruff check and format check
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: $(READY)  ## mypy in strict mode
	$(BIN)/mypy

suite: $(READY)  ## the tests alone
	$(BIN)/python -m pytest -n 2 --dist loadfile

torture: KILLS := $(if $(filter file,$(origin KILLS)),50,$(KILLS))
torture: $(READY)  ## kill, starve and damage builds of the tube cache, KILLS kills (default 50), compare byte for byte (a quarter of an hour; runs/torture_cache.json)
	$(BIN)/python tests/torture_cache.py --kills $(KILLS)

fuzz: $(READY)  ## the readers of labels and boxes on FUZZ_EXAMPLES damaged files of each kind, drawn anew each time
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -n 2 tests/datasets/fuzz

torture-resume: $(READY)  ## kill KILLS fits of each phase at random moments, resume them, compare bit for bit (half an hour)
	$(BIN)/python tests/torture_resume.py --kills $(KILLS)

mutants: $(READY)  ## break the method one line at a time and see that a test notices (a quarter of an hour; runs/mutation.json)
	$(BIN)/python tests/mutation/campaign.py

precision: $(READY) data/raw/demo-source data/raw/demo-target  ## the demo's phase 1 in float32 and bfloat16, six seeds (three quarters of an hour; runs/precision.json)
	$(BIN)/python tests/precision/campaign.py

boxes: $(READY)  ## what detectors do with people, rendered and real, and whether BoxNoise does the same (two to four minutes; needs SYRFA_SHARED_DATA)
	$(BIN)/python tests/boxes/campaign.py

bench: $(READY)  ## extraction, reading and a training step beside references, each in one run
	SYRFA_BENCH=1 $(BIN)/python -m pytest tests/benchmarks -s

scale: $(READY)  ## cost of a frame by stage, one and two processes, peak memory, 1,000 camera-hours on paper (a quarter of an hour; runs/scale.json)
	$(BIN)/python tests/scale

world: $(READY)  ## generate the source world `standard`, with its data card
	$(SYRFA) generate --preset standard --out data/raw/standard
	@ls data/raw/standard/DATA_CARD.md

sweep: $(READY) data/raw/demo-source data/raw/demo-target  ## Table 4's grid over the lambdas on the demo worlds, no account needed (16 fits of the demo's phase 1; runs/lambda/sweep.json)
	OMP_NUM_THREADS=1 $(SYRFA) sweep --config experiments/sweeps/lambda.yaml --jobs 2

realism: world  ## how far the world `standard` is from Ped2's normal training clips (runs/realism.json; needs SYRFA_SHARED_DATA)
	$(SYRFA) realism $(PED2) \
	  $(addprefix --knowledge_ckpt=,$(wildcard runs/ped2_knowledge/seed1/checkpoints/last.ckpt)) \
	  $(addprefix --adapt_ckpt=,$(wildcard runs/ped2_adapt/seed1/checkpoints/last.ckpt))

ped2: $(READY)  ## generated source to real UCSD Ped2, both phases, for SEEDS, in PRECISION (half an hour a seed; needs SYRFA_SHARED_DATA)
	$(SYRFA) generate --preset standard --out data/raw/standard
	set -e; for seed in $(SEEDS); do \
	  knowledge=runs/ped2_knowledge/seed$$seed; adapt=runs/ped2_adapt/seed$$seed; \
	  $(SYRFA) fit $(PED2_KNOWLEDGE) --seed_everything $$seed --run.overwrite true; \
	  $(SYRFA) test $(PED2_KNOWLEDGE) --ckpt_path $$knowledge/checkpoints/last.ckpt; \
	  $(SYRFA) fit $(PED2_ADAPT) --seed_everything $$seed --run.overwrite true \
	    --model.init_args.knowledge_ckpt $$knowledge/checkpoints/last.ckpt; \
	  $(SYRFA) test $(PED2_ADAPT) --ckpt_path $$adapt/checkpoints/last.ckpt; \
	done
	$(SYRFA) summary --all_readings true $(foreach s,$(SEEDS),runs/ped2_knowledge/seed$(s) runs/ped2_adapt/seed$(s))

include experiments/tables.mk
include experiments/transfer.mk

clean:  ## remove the environment and what runs leave; data/raw stays
	rm -rf $(VENV) runs data/cache build *.egg-info src/*.egg-info
