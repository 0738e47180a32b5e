# The menu. `make run` and `make test` are all that a newcomer needs.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
CARGO ?= cargo
# The major version of PostgreSQL for run, psql and test: 15 or newer; empty takes the newest installed.
PG ?=
export PG
ifeq ($(strip $(PG)),)
unexport PG
endif
# Some tests wait: for a deadline, a lock, a mail.
RUST_TEST_THREADS ?= $(shell expr 2 + $$(getconf _NPROCESSORS_ONLN))
export RUST_TEST_THREADS
PADDOCK := $(CARGO) run --quiet --package paddock --

.PHONY: help run psql audit test check bless prove bench bench-quick release deny

help: ## Show this menu
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

run: ## Start everything: a private PostgreSQL, migrations, demonstration data, the server (PORT=8080)
	@$(PADDOCK) dev

psql: ## Open psql in the private database as the application's role
	@$(PADDOCK) db psql

audit: ## Ask the private database every question of sql/audit: is anything unprotected?
	@$(PADDOCK) audit --allow-unpatched-postgres

test: ## Format check, lints as errors, all tests (PG=18 tests with PostgreSQL 18)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings
	$(CARGO) build --workspace --all-targets --locked
	$(CARGO) test --workspace --locked

check: ## The quick look while working: does it compile?
	$(CARGO) check --workspace --all-targets

bless: ## Write the golden files anew: openapi.yaml, sql/audit/matrix.txt, sql/audit/statements.txt
	$(PADDOCK) openapi > openapi.yaml.new
	mv openapi.yaml.new openapi.yaml
	BLESS=1 $(CARGO) test --package paddock-tests checked_in_one

prove: ## Break every protection once; whatever goes unnoticed is printed (minutes)
	$(CARGO) test --package paddock-tests prove_thoroughly -- --ignored --nocapture

bench: ## Measure against the database's own speed (about 15 minutes; see README)
	$(CARGO) run --profile bench --package paddock -- bench

bench-quick: ## The same in under two minutes, with less data
	$(CARGO) run --profile bench --package paddock -- bench --quick

release: ## Build target/release/paddock
	$(CARGO) build --release --package paddock --locked

deny: ## Check licences, sources and walls between crates (needs cargo-deny)
	$(CARGO) deny check licenses bans sources
