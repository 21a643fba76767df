# From the generated world `standard` to UCSD Ped2, the ShanghaiTech clips and another generated world; included by the Makefile.
# A run is done when its result.json is there, so `OMP_NUM_THREADS=1 make -j2 transfer` goes on where it was stopped.
TRANSFER_SEEDS ?= 1 2 3 4 5

TRANSFER_SOURCE := --config lightning_config/data/generated.yaml
TRANSFER_TARGET_ped2 := $(TRANSFER_SOURCE) --config lightning_config/data/ped2.yaml
TRANSFER_TARGET_demo := --config lightning_config/data/demo.yaml
TRANSFER_TARGET_shanghaitech := --config lightning_config/data/shanghaitech.yaml
TRANSFER_KNOWLEDGE := --config experiments/transfer_knowledge.yaml
TRANSFER_ADAPT := --config experiments/transfer_adapt.yaml
# the two clips at hand are of the test split, so that there is nothing to adapt to or to calibrate by
TRANSFER_OPTIONS_shanghaitech := --evaluation.reference '[]'

# seed: phase 1, which knows no target
define TRANSFER_FIT
runs/transfer_knowledge/seed$(1)/fitted: | $(READY) data/raw/standard
	$(SYRFA) fit $(TRANSFER_SOURCE) $(TRANSFER_KNOWLEDGE) --seed_everything $(1) --run.overwrite true
	touch $$@
endef

# target, seed: its test
define TRANSFER_TEST
runs/$(1)_transfer_knowledge/seed$(2)/result.json: runs/transfer_knowledge/seed$(2)/fitted | data/raw/demo-target
	$(SYRFA) test $(TRANSFER_TARGET_$(1)) $(TRANSFER_KNOWLEDGE) $(TRANSFER_OPTIONS_$(1)) --run.experiment $(1)_transfer_knowledge \
	  --seed_everything $(2) --ckpt_path runs/transfer_knowledge/seed$(2)/checkpoints/last.ckpt
TRANSFER_RESULTS += runs/$(1)_transfer_knowledge/seed$(2)/result.json
endef

# target, seed: phase 2 and its test
define TRANSFER_ADAPTED
runs/$(1)_transfer_adapt/seed$(2)/result.json: runs/transfer_knowledge/seed$(2)/fitted | data/raw/demo-target
	$(SYRFA) fit $(TRANSFER_TARGET_$(1)) $(TRANSFER_ADAPT) --run.experiment $(1)_transfer_adapt --seed_everything $(2) --run.overwrite true \
	  --model.init_args.knowledge_ckpt runs/transfer_knowledge/seed$(2)/checkpoints/last.ckpt
	$(SYRFA) test $(TRANSFER_TARGET_$(1)) $(TRANSFER_ADAPT) --run.experiment $(1)_transfer_adapt --seed_everything $(2) \
	  --ckpt_path runs/$(1)_transfer_adapt/seed$(2)/checkpoints/last.ckpt
TRANSFER_RESULTS += runs/$(1)_transfer_adapt/seed$(2)/result.json
endef

# target: the mean of all seeds' networks
define TRANSFER_ENSEMBLE
runs/$(1)_transfer_ensemble/seed1/result.json: $(foreach seed,$(TRANSFER_SEEDS),runs/transfer_knowledge/seed$(seed)/fitted) | data/raw/demo-target
	$(SYRFA) test $(TRANSFER_TARGET_$(1)) --config experiments/ensemble.yaml --evaluation.tracks true \
	  --evaluation.reference '[fused, fisher]' $(TRANSFER_OPTIONS_$(1)) --run.experiment $(1)_transfer_ensemble \
	  --model.init_args.members '[$(subst $(space),$(comma),$(foreach seed,$(TRANSFER_SEEDS),runs/transfer_knowledge/seed$(seed)/checkpoints/last.ckpt))]'
TRANSFER_RESULTS += runs/$(1)_transfer_ensemble/seed1/result.json
endef

comma := ,
space := $(subst ,, )
$(foreach seed,$(TRANSFER_SEEDS),$(eval $(call TRANSFER_FIT,$(seed)))\
  $(foreach target,ped2 demo shanghaitech,$(eval $(call TRANSFER_TEST,$(target),$(seed))))\
  $(eval $(call TRANSFER_ADAPTED,ped2,$(seed))))
$(foreach target,ped2 demo shanghaitech,$(eval $(call TRANSFER_ENSEMBLE,$(target))))

# the paper's rates, one seed: what the literal method reaches from a random extractor
LITERAL := $(TRANSFER_KNOWLEDGE) --config experiments/literal/knowledge.yaml
LITERAL_ADAPT := $(TRANSFER_ADAPT) --config experiments/literal/adapt.yaml
runs/literal_knowledge/seed1/result.json: | $(READY) data/raw/standard
	$(SYRFA) fit $(TRANSFER_TARGET_ped2) $(LITERAL) --run.overwrite true
	$(SYRFA) test $(TRANSFER_TARGET_ped2) $(LITERAL) --ckpt_path runs/literal_knowledge/seed1/checkpoints/last.ckpt
runs/literal_adapt/seed1/result.json: runs/literal_knowledge/seed1/result.json
	$(SYRFA) fit $(TRANSFER_TARGET_ped2) $(LITERAL_ADAPT) --run.overwrite true
	$(SYRFA) test $(TRANSFER_TARGET_ped2) $(LITERAL_ADAPT) --ckpt_path runs/literal_adapt/seed1/checkpoints/last.ckpt
TRANSFER_RESULTS += runs/literal_knowledge/seed1/result.json runs/literal_adapt/seed1/result.json

.PHONY: transfer
transfer: $(TRANSFER_RESULTS)  ## generated people to real video: Ped2, ShanghaiTech clips, generated target; five seeds (two hours on two cores; needs SYRFA_SHARED_DATA)
	$(SYRFA) summary --over_seeds true --all_evaluations true $^
