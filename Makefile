# Airlock: what can be done here. `make` lists it. Everything is built once, in release, below CARGO_TARGET_DIR.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/airlock/target
CORPUS  ?= ../shared/corpus
SECONDS ?= 600
SEED    ?= 1
REQUESTS ?= 1000
PREFIX  ?= /usr/local
CARGO   ?= cargo
BIN      = $(CARGO_TARGET_DIR)/release
# Examples need the dev-dependencies, so features are the same with and without tests: no dependency is compiled twice.
BUILD    = $(CARGO) build --release --locked --workspace
STEP     = .ci/step
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
TESTS    = $(if $(NEXTEST),$(CARGO) nextest run,$(CARGO) test) --release --locked --workspace

.PHONY: help demo test install corpus bench bench-line fuzz walls line chaos build fmt lint doc docs docs-fresh doctor deny clean packages servers
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

demo: packages ## builds, serves 20 hostile and harmless files on loopback, scans them, asks the line for them, downloads one
	@$(STEP) start
	@$(STEP) build $(BUILD) --bins --examples
	@$(STEP) demo $(BIN)/airlock-proof demo
	@$(STEP) end

test: packages servers ## everything that must hold: lints, documents, units, walls, rule cases, bombs, a minute of fuzzing
	@$(STEP) start
	@$(STEP) fmt $(CARGO) fmt --all --check
	@$(STEP) build $(BUILD) --all-targets
	@$(STEP) lint $(MAKE) --no-print-directory lint
	@$(STEP) deny .ci/deny
	@$(STEP) generated-docs $(MAKE) --no-print-directory docs-fresh
	@$(STEP) fuzz $(BIN)/examples/fuzz --seconds 60 --seed $(SEED) --crashes $(CARGO_TARGET_DIR)/fuzz
	@$(STEP) tests .ci/tests $(TESTS)
	@$(STEP) doctests $(CARGO) test --release --locked --workspace --doc --quiet
	@$(STEP) end

corpus: build ## real files with their ground truth: CORPUS=folder with files.jsonl (default ../shared/corpus)
	@$(BIN)/airlock-proof corpus $(CORPUS)

bench: packages build ## side by side with clamscan, YARA-X and the unpackers of Debian (which it installs)
	@.ci/packages clamscan=clamav bsdtar=libarchive-tools unzip=unzip xz=xz-utils bzip2=bzip2 unrar-free=unrar-free lhasa=lhasa
	@$(BIN)/airlock-proof bench --corpus $(CORPUS)

line: servers build ## the same links through one process and through six over RabbitMQ, PostgreSQL and S3
	@$(BIN)/airlock-proof line

chaos: servers build ## requests while everything is killed, stopped and broken, and one tenant's flood: REQUESTS=1000 SEED=1
	@$(BIN)/airlock-proof chaos --requests $(REQUESTS) --seed $(SEED)
	@$(BIN)/airlock-proof chaos --requests $(REQUESTS) --seed $(SEED) --instances 2
	@$(BIN)/airlock-proof chaos --requests $(REQUESTS) --seed $(SEED) --kind up
	@$(BIN)/airlock-proof flood

bench-line: build servers ## the line beside a bare chain of queues, a bare store and a plain scan; memory over 20,000 requests
	@$(BIN)/airlock-proof bench-line

fuzz: build ## mutation fuzzing over the registry: SECONDS=600, SEED=1, seeds of the forge and of CORPUS
	@$(BIN)/examples/fuzz --seconds $(SECONDS) --seed $(SEED) --corpus $(CORPUS) --crashes $(CARGO_TARGET_DIR)/fuzz

walls: packages ## each wall of the jail, tried alone and all together
	@$(TESTS) walls

build: packages ## all programs and examples
	@$(BUILD) --bins --examples

fmt: ## sets the sources in the house's form
	@$(CARGO) fmt --all

# Only our own crates are compiled again, quickly and without optimisation; the last line puts the real programs back in place.
lint: packages ## clippy and rustdoc over our own crates, warnings are errors
	@RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/.ci/lint-rustc $(BUILD) --all-targets \
		$$(.ci/lint-rustc --config)
	@$(BUILD) --all-targets --quiet

doc: lint ## the documentation of the code, in CARGO_TARGET_DIR/doc
	@echo "$(CARGO_TARGET_DIR)/doc/airlock_inspector/index.html"

docs: build ## FORMATS.md, FINDINGS.md, CONFIG.md, METRICS.md and the Rust of the messages, generated
	@$(BIN)/examples/docs formats > FORMATS.md
	@$(BIN)/examples/docs findings > FINDINGS.md
	@$(BIN)/airlock-proof docs config > CONFIG.md
	@$(BIN)/airlock-proof docs metrics > METRICS.md
	@$(BIN)/examples/generate proto/src/generated

docs-fresh:
	@.ci/fresh $(BIN)

install: build ## both programs, side by side, below PREFIX (default /usr/local)
	@install -d $(DESTDIR)$(PREFIX)/bin
	@install -m 755 $(BIN)/airlock $(BIN)/airlock-glass $(DESTDIR)$(PREFIX)/bin
	@echo "installed in $(DESTDIR)$(PREFIX)/bin: airlock, airlock-glass"

deny: ## licences, bans and sources of the dependencies, by cargo-deny
	@.ci/deny

doctor: build ## tries every wall of the jail on this machine
	@$(BIN)/airlock doctor

clean: ## removes what was built of our own crates and the fuzzer's finds; the dependencies stay
	@$(CARGO) clean --release --workspace
	@rm -rf $(CARGO_TARGET_DIR)/fuzz

packages:
	@.ci/packages c++=g++ strace=strace

servers:
	@.ci/packages rabbitmq-server=rabbitmq-server initdb=postgresql python3=python3 /usr/lib/python3/dist-packages/pika=python3-pika
