# Table 2 of the paper on the demo worlds and on UCSD Ped2; included by the Makefile.
# A run is done when its result.json is there, so `make -j2 ablation` goes on where it was stopped.
ABLATION_SEEDS ?= 1 2 3
ABLATION_DATA  ?= demo ped2
# besides the paper's 1e-6, which experiments 5 and 6 have in their files
ABLATION_LRS   ?= 1e-2

TABLE2_DATA_demo := --config lightning_config/data/demo.yaml
TABLE2_DATA_ped2 := --config lightning_config/data/generated.yaml --config lightning_config/data/ped2.yaml
TABLE2_KNOWLEDGE_demo := $(TABLE2_DATA_demo) --config experiments/demo_knowledge.yaml
TABLE2_KNOWLEDGE_ped2 := $(TABLE2_DATA_ped2) --config experiments/ped2_knowledge.yaml --config experiments/table2/ped2_knowledge_small.yaml
TABLE2_ADAPT_demo := $(TABLE2_DATA_demo) --config experiments/demo_adapt.yaml
TABLE2_ADAPT_ped2 := $(TABLE2_DATA_ped2) --config experiments/ped2_adapt.yaml --config experiments/table2/ped2_adapt_small.yaml
TABLE2_WORLDS_demo := data/raw/demo-source data/raw/demo-target
TABLE2_WORLDS_ped2 := data/raw/standard

data/raw/demo-source data/raw/demo-target data/raw/standard: | $(READY)
	$(SYRFA) generate --preset $(@F) --out $@

# data set, experiment, seed: fit and test of phase 1
define TABLE2_KNOWLEDGE
runs/table2_$(1)_$(2)/seed$(3)/result.json: | $(READY) $(TABLE2_WORLDS_$(1))
	$(SYRFA) fit $(TABLE2_KNOWLEDGE_$(1)) --config experiments/table2/small.yaml --config experiments/table2/$(2).yaml --run.experiment table2_$(1)_$(2) \
	  --seed_everything $(3) --run.overwrite true
	$(SYRFA) test $(TABLE2_KNOWLEDGE_$(1)) --config experiments/table2/small.yaml --config experiments/table2/$(2).yaml --run.experiment table2_$(1)_$(2) \
	  --ckpt_path runs/table2_$(1)_$(2)/seed$(3)/checkpoints/last.ckpt
TABLE2_RESULTS += runs/table2_$(1)_$(2)/seed$(3)/result.json
endef

# data set, experiment, seed, suffix of the name, further options: fit and test of phase 2, from experiment 4
define TABLE2_ADAPT
runs/table2_$(1)_$(2)$(4)/seed$(3)/result.json: runs/table2_$(1)_exp4/seed$(3)/result.json
	$(SYRFA) fit $(TABLE2_ADAPT_$(1)) --config experiments/table2/small.yaml --config experiments/table2/$(2).yaml --run.experiment table2_$(1)_$(2)$(4) $(5) \
	  --model.init_args.knowledge_ckpt runs/table2_$(1)_exp4/seed$(3)/checkpoints/last.ckpt \
	  --seed_everything $(3) --run.overwrite true
	$(SYRFA) test $(TABLE2_ADAPT_$(1)) --config experiments/table2/small.yaml --config experiments/table2/$(2).yaml --run.experiment table2_$(1)_$(2)$(4) \
	  --ckpt_path runs/table2_$(1)_$(2)$(4)/seed$(3)/checkpoints/last.ckpt
TABLE2_RESULTS += runs/table2_$(1)_$(2)$(4)/seed$(3)/result.json
endef

$(foreach data,$(ABLATION_DATA),$(foreach seed,$(ABLATION_SEEDS),\
  $(foreach exp,exp1 exp2 exp3 exp4,$(eval $(call TABLE2_KNOWLEDGE,$(data),$(exp),$(seed))))\
  $(foreach exp,exp5 exp6,$(eval $(call TABLE2_ADAPT,$(data),$(exp),$(seed),,))\
    $(foreach lr,$(ABLATION_LRS),$(eval $(call TABLE2_ADAPT,$(data),$(exp),$(seed),_lr$(lr),\
      --model.init_args.lr_adapter $(lr) --model.init_args.lr_temporal $(lr)))))))

.PHONY: ablation
ablation: $(TABLE2_RESULTS)  ## Table 2, every row, demo worlds and Ped2, three seeds (three hours on two cores)
	$(SYRFA) summary --over_seeds true --all_readings true $^
