# The daily commands. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Waiting threads spin for microseconds, then sleep: long spins stall the others when the machine is shared.
export OMP_WAIT_POLICY ?= PASSIVE
export GOMP_SPINCOUNT ?= 3000
# Another libtorch than the tested one lies in a tree of its own, as what is built with it does.
LIBTORCH_VERSION ?=
export LIBTORCH_VERSION
TREE := $(if $(LIBTORCH_VERSION),-$(LIBTORCH_VERSION))
BUILD := .build$(TREE)
TOOLSET := $(if $(TREE),.deps$(TREE)/)toolset.json
export PKG_CONFIG_PATH := $(CURDIR)/.deps$(TREE)/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
ifeq ($(shell uname -s),Darwin)
export CPATH := $(shell brew --prefix 2>/dev/null)/include$(if $(CPATH),:$(CPATH))
export LIBRARY_PATH := $(shell brew --prefix 2>/dev/null)/lib$(if $(LIBRARY_PATH),:$(LIBRARY_PATH))
endif

# One configuration for everything, so that nothing is compiled twice.
SWIFT_BUILD := swift build -c release --toolset $(TOOLSET) --scratch-path $(BUILD)
MIPHA := $(BUILD)/release/mipha

# What a processor without AVX-512 computes: sums in another order, so that training goes another way.
PORTABLE := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2
PORTABLE_TESTS := ^(MiphaTrainingTests|GoldenTests|FamilyTests|MiphaNNTests|MiphaModelsTests|MiphaTorchTests)\.

# What runs a second time on the pretend accelerator (Tests/CMiphaPretend), and what of it without float64.
DEVICE_TESTS := ^(MiphaTorchTests|MiphaNNTests|MiphaModelsTests|MiphaInferenceTests|MiphaTrainingTests|FamilyTests)\.
NO_FLOAT64_TESTS := $(DEVICE_TESTS)

DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
PYTHON ?= python3

.PHONY: help configure bootstrap build release demo test test-core test-portable test-device gpu-dry-run \
	nightly goldens lint format docs bench check clean

help: ## Lists the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

bootstrap: ## Installs what is missing (system libraries, libtorch); silent when nothing is.
	@Scripts/bootstrap

configure: bootstrap ## The same as bootstrap.

build: bootstrap ## Builds everything, optimised, warnings as errors.
	@$(SWIFT_BUILD)

release: bootstrap ## Builds the mipha executable into dist/, with the libraries it needs beside it.
	@$(SWIFT_BUILD) --product mipha
	@Scripts/release

demo: bootstrap ## Sets up, builds and runs the two-minute tour (DEMO_ARGS='--minutes 1').
	@$(SWIFT_BUILD) --product mipha >&2
	@$(MIPHA) demo $(DEMO_ARGS)

test: bootstrap ## Sets up, builds and runs all tests (TEST_ARGS="--filter 'rotary'").
	@Scripts/test $(TEST_ARGS)

test-portable: bootstrap ## Runs the tests of training again, as on a processor with AVX2 only, on one thread.
	@$(PORTABLE) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MIPHA_TEST_RUN=portable \
		Scripts/test --filter '$(PORTABLE_TESTS)'

test-device: bootstrap ## Runs the tests of the engine again on the pretend accelerator, then without float64.
	@MIPHA_TEST_DEVICE=pretend:1 MIPHA_TEST_RUN=device Scripts/test --filter '$(DEVICE_TESTS)'
	@MIPHA_TEST_DEVICE=pretend:1 MIPHA_TEST_NO_FLOAT64=1 MIPHA_TEST_RUN=device-no-float64 \
		Scripts/test --filter '$(NO_FLOAT64_TESTS)'

gpu-dry-run: bootstrap ## Runs parts of the check on a GPU, on the pretend accelerator (Benchmarks/gpu/check.py).
	@$(SWIFT_BUILD) >&2
	@$(PYTHON) Benchmarks/gpu/check.py --dry-run --mipha $(MIPHA) --rows 1,12,13,15

test-core: ## Builds and tests the half that needs no libtorch, without it.
	@MIPHA_WITHOUT_TORCH=1 Scripts/bootstrap
	@MIPHA_WITHOUT_TORCH=1 Scripts/test $(TEST_ARGS)

nightly: bootstrap ## Builds and runs the long tests: 50 killed runs, the whole mix (KILL_TRIALS=200).
	@Scripts/nightly $(KILL_TRIALS)

goldens: ## Makes the committed reference tensors anew (Python and network; PYTHON=python3).
	@Scripts/goldens

lint: ## Checks format, imports, file lengths, unsafe code and words that belong to no product.
	@Scripts/lint

format: ## Formats every Swift file in place.
	@git ls-files -z --cached --others --exclude-standard '*.swift' \
		| xargs -0 swift format format --in-place --parallel

docs: bootstrap ## Builds the documentation of every module into .build/docs.
	@Scripts/docs

bench: bootstrap ## Measures Mipha-3B beside transformers (MODEL=DIR IMAGE=FILE; Python with transformers).
	@$(SWIFT_BUILD) --product mipha >&2
	@$(PYTHON) Benchmarks/peers/compare_3b.py "$(MODEL)" --image "$(IMAGE)" $(BENCH_ARGS)

check: bootstrap ## Exactly what CI runs: lint, clean build, all tests, the core job, short demos.
	@Scripts/lint
	@swift package clean
	@$(MAKE) build
	@$(MAKE) test
	@$(MAKE) test-portable
	@$(MAKE) test-device
	@$(MAKE) gpu-dry-run
	@$(MAKE) test-core
	@rm -rf .build/demo-check .build/demo-portable
	@$(MAKE) demo DEMO_ARGS="--minutes 1 --at-least 60 --output .build/demo-check"
	@for seed in 1 7; do \
		$(PORTABLE) $(MIPHA) demo --minutes 1 --at-least 60 --seed $$seed --output .build/demo-portable/$$seed || exit; \
	done
	@$(MIPHA) demo --minutes 1 --at-least 60 --seed 1 --output .build/demo-portable/own
	@$(MIPHA) score custom --predictions .build/demo-check/evaluation/predictions.jsonl \
		--annotations .build/demo-check/data/held-out.json
	@rm -rf .build/eval-check
	@$(MIPHA) eval .build/demo-check/model --benchmark custom --data .build/demo-check/data \
		--limit 200 --output .build/eval-check

clean: ## Removes everything built; keeps the libtorch in .deps.
	@rm -rf .build .build-core dist
