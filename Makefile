# make            what there is
# make quickstart set-up, then the main job from data to a table of results
# make test       set-up, then every test
# make bench      set-up, then every benchmark against the peers (CASES="train-loreft-b8 start": some)

SETUP := scripts/setup
# One compute thread in tests: results do not depend on the machine, and neighbours are left in peace.
TEST_ENVIRONMENT := OMP_NUM_THREADS=1 GOMP_SPINCOUNT=1000
# Kernels of our own are tested at the width of this processor with everything else, and then at the widths of narrower ones.
KERNEL_WIDTHS := v3 plain
KERNEL_TESTS := 'TensorsTests|DecodeAttentionTests|DecodingSlotsTests'

.DEFAULT_GOAL := help
.PHONY: help setup setup-cuda quickstart build test bench bench-growth bench-gpu check format clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## fetch libtorch and the models into the cache (once for all clones)
	@$(SETUP)/check.sh
	@$(SETUP)/engine.sh
	@$(SETUP)/model.sh smollm2 >/dev/null
	@$(SETUP)/model.sh minilm >/dev/null

setup-cuda: ## the same with the engine's CUDA part for NVIDIA GPUs (2.5 GB); scripts/setup/engine.sh cpu goes back
	@$(SETUP)/check.sh
	@$(SETUP)/engine.sh cuda
	@scripts/check/cuda.py

quickstart: ## set-up, build, data, LoReFT and LoFiT on SmolLM2-135M, one table of results
	@scripts/quickstart.sh

build: setup ## leave the command in .build/release/reft
	swift build -c release --product reft

test: setup ## run every test
	@started=$$(date +%s); \
	  REFT_TEST_MODEL=$$($(SETUP)/model.sh) REFT_TEST_ENCODER=$$($(SETUP)/model.sh minilm) $(TEST_ENVIRONMENT) swift test; status=$$?; \
	  for width in $(KERNEL_WIDTHS); do \
	    [ $$status -ne 0 ] || REFT_KERNELS=$$width $(TEST_ENVIRONMENT) swift test --skip-build --filter $(KERNEL_TESTS) || status=$$?; \
	  done; \
	  echo "make test: $$(( $$(date +%s) - started )) s"; exit $$status

bench: setup ## measure against pyreft, peft and transformers; CASES="..." for some
	swift build -c release --product reft
	swift build -c release --product reft-bench
	@scripts/bench/bench.py $(CASES)

bench-growth: ## measure how time and memory grow with length, batch, rank, layers and adapters
	@$(MAKE) --no-print-directory bench CASES=growth

bench-gpu: ## measure on an NVIDIA GPU against pyreft, peft and transformers (after make setup-cuda)
	@$(MAKE) --no-print-directory bench CASES=gpu

check: ## layout and comments of the sources, plan of the rooms, no machine paths
	scripts/check/format.sh
	scripts/check/docs.py
	scripts/check/dag.py
	scripts/check/paths.sh
	scripts/check/cuda.py
	cd scripts/bench && python3 -m unittest --quiet test_bench

format: ## lay out the sources as .swift-format says
	swift format --in-place --recursive Sources Tests Package.swift

clean: ## delete what was built here; the cache stays
	rm -rf .build quickstart
