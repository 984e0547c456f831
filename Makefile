# Two commands do everything: `make up` and `make test`. CONTRIBUTING.md tells of the others.

SWIFT ?= swift
DATA_DIR ?= /var/lib/apus
BIN := build/apus

.PHONY: up down prerequisites build packages test unit-test simulation end-to-end bench format lint protos clean

## Install what is needed, build, start a cluster, run the demo application.
up: build
	@scripts/step "cluster" -- $(BIN) up --data-dir $(DATA_DIR)
	@scripts/step "application" -- $(BIN) demo --data-dir $(DATA_DIR) examples/hello/hello.yaml

## Stop the cluster and remove all of it.
down:
	@if [ -x $(BIN) ]; then $(BIN) down --data-dir $(DATA_DIR); else echo "nothing was built here, so nothing runs"; fi

## Install Debian's packages that the build and the cluster need.
prerequisites:
	@scripts/step "prerequisites" -- scripts/install-packages

## The release binary: build/apus, and its other names in build/bin.
build: prerequisites
	@scripts/step "build" -- scripts/build-release "$(SWIFT)"

## Debian packages of the program, in build/packages.
packages: build
	@scripts/step "packages" -- scripts/build-packages

## All tests.
test: prerequisites
	@scripts/step "unit tests" -- scripts/unit-test "$(SWIFT)"
	@$(MAKE) --no-print-directory build
	@scripts/step "simulation" -- scripts/simulate "$(SWIFT)"
	@scripts/step "end to end tests" -- Tests/EndToEnd/run

unit-test:
	$(SWIFT) test

## Whole clusters in which things go wrong. One seed again: make simulation SIMULATION="--seed 7 --verbose".
simulation:
	@scripts/simulate "$(SWIFT)" $(SIMULATION)

end-to-end:
	Tests/EndToEnd/run

## Speed, each figure beside a reference measured in the same run.
bench: build
	@scripts/bench "$(SWIFT)"

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Tools Benchmarks

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Tools Benchmarks

protos:
	Tools/generate-protos.sh

clean:
	rm -rf .build build
