# Tables 1 to 5 and figures 3 and 4; included by the Makefile. What is there already is not made again.
DATASET ?= demo
SIZE    ?= small
JOBS    ?= $(shell getconf _NPROCESSORS_ONLN)
# of every fit and test, as OVERRIDES="trainer.precision=32-true"
OVERRIDES ?=
TABLES := $(SYRFA) tables --dataset $(DATASET) --seeds "$(SEEDS)" --jobs $(JOBS) --size $(SIZE) $(if $(OVERRIDES),--overrides "$(OVERRIDES)") \
  $(if $(DRY),--dry_run)

data/raw/demo-source data/raw/demo-target data/raw/standard: | $(READY)
	$(SYRFA) generate --preset $(@F) --out $@

.PHONY: table1 table2 table3 table4 table5 fig3 fig4 tables
table1 table2 table3 table4 table5 fig3 fig4: $(READY)
	$(TABLES) $@

table1:  ## Table 1 of the paper: SYRFA next to the methods it cites, for DATASET (demo, ped2, shanghaitech, avenue), SEEDS, JOBS; DRY=1 lists the runs
table2:  ## Table 2: the components
table3:  ## Table 3: AUPRC and maximum F1
table4:  ## Table 4: the lambdas
table5:  ## Table 5: gradient reversal
fig3:  ## Fig. 3: score curves and anomaly maps, of the first of SEEDS
fig4:  ## Fig. 4: the feature distance through RAP and through AP, at the paper's rate and at 1e-2
tables: $(READY)  ## tables 1 to 5 and figures 3 and 4, for DATASET, SEEDS, JOBS (docs/experiments.md says how long it takes)
	$(TABLES)
