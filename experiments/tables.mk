# Tables 1 to 5 and figures 3 and 4; included by the Makefile. What is there already is not made again.
DATASET ?= demo
SIZE    ?= small
JOBS    ?= $(shell getconf _NPROCESSORS_ONLN)
# of every fit and test, as OVERRIDES="trainer.precision=32-true"
OVERRIDES ?=
TABLES := $(SYRFA) tables --dataset $(DATASET) --seeds "$(SEEDS)" --jobs $(JOBS) --size $(SIZE) $(if $(OVERRIDES),--overrides "$(OVERRIDES)") \
  $(if $(DRY),--dry_run true)
RUNS_OF_TABLES = runs/tables/$(DATASET)$(addprefix -,$(filter-out small,$(SIZE)))
# run: its folder, of the first seed
RUN_OF = $(RUNS_OF_TABLES)/$(DATASET)_$(1)/seed$(firstword $(subst $(comma), ,$(SEEDS)))
# which, names of runs, suffix of the file: draws a figure where the runs were made
FIGURE = $(if $(DRY),@true,@if [ -f $(call RUN_OF,$(firstword $(2)))/result.json ]; then set -x; \
  $(SYRFA) figure $(1) $(foreach run,$(2),$(call RUN_OF,$(run))) --out $(RUNS_OF_TABLES)/$(1)$(3).png; \
  else echo "$(1): not run: no result of $(call RUN_OF,$(firstword $(2))); the table says why"; fi)

data/raw/demo-source data/raw/demo-target data/raw/standard: | $(READY)
	$(SYRFA) generate --preset $(@F) --out $@

.PHONY: table1 table2 table3 table4 table5 fig3 fig4 tables
table1 table2 table3 table4 table5: $(READY)
	$(TABLES) $@

table1:  ## Table 1 of the paper: SYRFA beside the methods it cites, for DATASET (demo, ped2, shanghaitech, avenue), SEEDS, JOBS; DRY=1 lists the runs
table2:  ## Table 2: the components
table3:  ## Table 3: AUPRC and maximum F1
table4:  ## Table 4: the lambdas
table5:  ## Table 5: gradient reversal
fig3: table5  ## Fig. 3: score curves and anomaly maps
	$(call FIGURE,fig3,full_rap grid8_rap)
fig4: table2  ## Fig. 4: the feature distance through RAP and through AP, at the paper's rate and at 1e-2
	$(call FIGURE,fig4,full_rap full_ap)
	$(call FIGURE,fig4,low_rap_fast low_ap_fast,_lr1e-2)
tables: $(READY)  ## tables 1 to 5 and figures 3 and 4, for DATASET, SEEDS, JOBS (docs/tables.md says how long it takes)
	$(TABLES)
	$(call FIGURE,fig3,full_rap grid8_rap)
	$(call FIGURE,fig4,full_rap full_ap)
	$(call FIGURE,fig4,low_rap_fast low_ap_fast,_lr1e-2)
