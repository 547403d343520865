# Every target works from a fresh clone. It needs Go, git and make, and for the
# tests redis-server, which "make test" installs where there is apt.

FUZZTIME ?= 30s
SOAK ?= 10m

STATICCHECK = go tool -modfile=$(CURDIR)/.tools/go.mod staticcheck

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo bench bench-quick test offline check fmt fmt-check vet lint tidy-check fuzz mutants soak clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## Run the demo service; options in ARGS, e.g. ARGS='-l1 otter'
	@cd contrib/demo && go run . $(ARGS)

test: ## Run all tests of all modules with the race detector
	@.ci/install-redis
	@FUSIONCACHE_REQUIRE_SERVERS=1 .ci/each test $(CURDIR)/.ci/test-module

offline: ## Test the root module as it is without servers and network, in a minute
	@go list -deps -test -export ./... >/dev/null
	@GOPROXY=off go test -vet=off -count=1 -exec "env PATH=$(dir $(shell command -v go))" ./...

check: fmt-check vet lint tidy-check test ## Run everything that CI runs
	@echo 'all checks passed'

fmt: ## Format all Go files
	@gofmt -l -w .

fmt-check: ## Fail if a Go file is not formatted
	@.ci/fmt-check

vet: ## Run go vet in every module
	@.ci/each vet go vet ./...

lint: ## Run staticcheck in every module
	@.ci/each lint $(STATICCHECK) -checks all ./...

tidy-check: ## Fail if a go.mod or go.sum is not tidy
	@.ci/each -all tidy go mod tidy -diff

fuzz: ## Run each fuzz target for FUZZTIME (30s)
	@FUZZTIME=$(FUZZTIME) .ci/each fuzz $(CURDIR)/.ci/fuzz-module

mutants: ## Show that the simulator finds deliberate faults of the protocol
	@cd core/internal/sim && go test -count=1 -tags mutants -timeout 0 -run TestMutants

soak: ## Run the simulator for SOAK (10m), or until it has done OPS operations
	@GODEBUG=asyncpreemptoff=1 go test -count=1 -timeout 0 -run TestSoak ./core/internal/sim -v $(if $(OPS),-ops $(OPS),-soak $(SOAK)) $(if $(SEED),-from $(SEED))

bench: ## Measure beside peers and bare stores, into docs/performance and README.md (20 minutes)
	@.ci/install-redis
	@cd contrib/benchmarks && go run . -out ../../docs/performance -readme ../../README.md

bench-quick: ## The same in less than 3 minutes and less exact, into OUT if given
	@.ci/install-redis
	@cd contrib/benchmarks && go run . -quick $(if $(OUT),-out $(abspath $(OUT)))

clean: ## Remove test binaries, profiles and cached test results
	@find . \( -name '*.test' -o -name '*.prof' -o -name 'coverage*.out' \) -type f -delete
	@go clean -testcache
