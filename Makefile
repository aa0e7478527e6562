# Every target works on a clean clone: the first use makes .venv from the
# hash-pinned lock. `make help` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
T      ?= tests
# As many at once as there are processors, and no more than stay quick to start.
WORKERS ?= logical --maxprocesses 8
# What was compiled once is not compiled again by each process that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@echo "Installing; this takes some minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

dev: $(READY) ## Make the virtual environment from the lock

lock: ## Resolve the lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra server --extra hsm --extra backup --extra client --extra dev pyproject.toml \
	  -o requirements.lock

PROTOS := $(sort $(wildcard protos/placement/*/v1/*.proto))

protos: $(READY) ## Generate the wire code from protos/
	$(BIN)/python -m grpc_tools.protoc -Iprotos --python_out=. --grpc_python_out=. \
	  --plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy \
	  --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc \
	  --mypy_out=quiet:. --mypy_grpc_out=quiet:. $(PROTOS)

check-protos: protos ## Lint the protos; generated code must not drift
	$(BIN)/buf lint
	git diff --exit-code -- placement/api placement/log

format: $(READY) ## Format the code
	$(BIN)/ruff format -q .
	$(BIN)/ruff check -q --fix .

lint: $(READY) ## Lint and check the format
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell -q 3 *.md benchmarks client demo docs placement protos tests

types: $(READY) ## Check the types
	$(BIN)/mypy

imports: $(READY) ## Check the import contracts
	$(BIN)/lint-imports

test: $(READY) ## Set everything up and run the tests but the slow ones, which check runs (T=path narrows)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(T)

scenarios: $(READY) ## Play the registry's scenarios as they are typed, on live servers
	$(BIN)/python -m pytest -v -n $(WORKERS) tests/scenarios/test_scenarios_typed.py

demo: $(READY) ## Set everything up and run the main job, on a throw-away server
	@$(BIN)/python -m demo.run

bench: $(READY) ## Checks a second beside a bare echo (ARGS="--factors 1")
	@GRPC_VERBOSITY=ERROR $(BIN)/python -m benchmarks.run $(ARGS)

PEERS := build/peers

peers: $(PEERS)/.ready ## Install what the rules are held beside, from a lock of its own

$(PEERS)/.ready: $(READY) benchmarks/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade \
	  --target $(PEERS) -r benchmarks/requirements.txt
	@touch $@

bench-peers: peers ## The rules beside what one might take instead, every answer checked (ARGS="--factors 1")
	@PYTHONPATH=$(PEERS) $(BIN)/python -m benchmarks.peers.run $(ARGS)

bench-behind: peers ## Full checks beside a peer's bare answers behind the same gRPC (ARGS="--factor 0.1")
	@GRPC_VERBOSITY=ERROR PYTHONPATH=$(PEERS) $(BIN)/python -m benchmarks.peers.behind $(ARGS)

bench-growth: $(READY) ## What a fact costs at 1, 10 and 100 times the national set (ARGS="--factors 1 10")
	@$(BIN)/python -m benchmarks.growth $(ARGS)

package: $(READY) ## Build the wheel and try both its commands in empty environments
	rm -rf build/package
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w build/package .
	$(PYTHON) -m venv build/package/client
	build/package/client/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo build/package/*.whl)[client]"
	build/package/client/bin/placement --version
	! build/package/client/bin/python -c "import sqlalchemy" 2>/dev/null
	$(PYTHON) -m venv build/package/server
	build/package/server/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo build/package/*.whl)[server]"
	build/package/server/bin/placement-server --version

N ?= 500
crash: $(READY) ## Kill the server N times under load, count what was lost, time the starts; EVENTS=1000000 for a large log
	@$(BIN)/python -m tests.crash.run --kills $(N) $(if $(EVENTS),--events $(EVENTS))

crash-pair: $(READY) ## The same with two servers on one PostgreSQL
	@$(BIN)/python -m tests.crash.run --kills $(N) --servers 2

race: N = 1000
race: $(READY) ## Let two rivals want one area N times, on both databases, at one server and at two
	@$(BIN)/python -m tests.race.run --runs $(N)

MINUTES ?= 30
soak: $(READY) ## Let 64 clients ask for MINUTES, the access log on: no error, no leak
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tests.soak.run --minutes $(MINUTES) $(ARGS)

bench-wire: $(READY) ## grpc.aio, uvloop and threads, and how long a commit waits for company
	@GRPC_VERBOSITY=ERROR $(BIN)/python -m benchmarks.wire $(ARGS)

R ?= 50
linear: $(READY) ## Record R histories of holds while servers are killed, and search an order for each
	@$(BIN)/python -m tests.linear.run --histories $(R)

MINUTES ?= 30
SERVERS ?= 3
chaos: $(READY) ## Kill, stop and cut off SERVERS servers on one PostgreSQL for MINUTES; then judge all answers
	@$(BIN)/python -m tests.chaos.run --minutes $(MINUTES) --servers $(SERVERS) $(ARGS)

E ?= 300
stateful: $(READY) ## Play E random lives of placements against a live server and a plain model
	@EXAMPLES=$(E) $(BIN)/python -m pytest -n0 -s tests/stateful

TIMES ?= 10
properties: $(READY) ## Try each property on TIMES as many examples as `make test` does
	@TIMES=$(TIMES) $(BIN)/python -m pytest -q -n $(WORKERS) -m hypothesis

never-clear: N = 100000
never-clear: $(READY) ## Ask about N random worlds with phantom stays and without: no answer is milder
	@PYTHONPATH=tests $(BIN)/python -m tests.phantoms.run --worlds $(N) $(ARGS)

faults: N = 1000
faults: $(READY) ## Let N faults of each kind meet a server's storage: torn, lost, full, EIO, read-only
	@PYTHONPATH=tests $(BIN)/python -m tests.faults.run --faults $(N) $(ARGS)

rollback-drill: N = 100
rollback-drill: $(READY) ## Put N stores back, cut, swap and fork them, each in ten ways; see who notices
	@PYTHONPATH=tests $(BIN)/python -m tests.faults.rollback --lives $(N) $(ARGS)

restore-drill: N = 50000
restore-drill: $(READY) ## Lose a machine with a log of N events, and come back from backup and custody
	@GRPC_VERBOSITY=ERROR $(BIN)/python -m tests.restore.run --events $(N) $(ARGS)

PATRONI := build/patroni
# PostgreSQL refuses to be root; whoever it runs as must be able to read this Python.
SHARED_PYTHON ?= $(firstword $(wildcard /usr/bin/python3) $(PYTHON))

patroni: $(PATRONI)/.ready ## Install Patroni for the failover drill, from a lock of its own

$(PATRONI)/.ready: tests/failover/requirements.txt
	$(SHARED_PYTHON) -m venv $(PATRONI)
	$(PATRONI)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

failover-drill: $(READY) patroni ## Lose the primary of three databases under load, in four ways; count
	@PYTHONPATH=tests $(BIN)/python -m tests.failover.run $(ARGS)

SEEDS ?= 1000
simulate: $(READY) ## Play SEEDS seeds of the core while things go wrong; SEED=n plays one and prints its steps
	@PYTHONPATH=tests $(BIN)/python -m tests.simulate.run $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

attack: $(READY) ## Attack a nation's answers, with each control and each planted bug: tables, gates
	@PYTHONPATH=tests $(BIN)/python -m tests.attack.run $(ARGS)

attack-live: $(READY) ## Ask a live server over mutual TLS, and hold its answers against the table
	@PYTHONPATH=tests $(BIN)/python -m tests.attack.live $(ARGS)

timing: N = 1500
timing: $(READY) ## Does the time of an answer tell what it says? N pairs of calls each, planted leaks
	@GRPC_VERBOSITY=ERROR $(BIN)/python -m tests.timing.run --pairs $(N) $(ARGS)

leak: $(READY) ## Steal copies of a database, and attack them: tables, gates, planted bugs
	@PYTHONPATH=tests $(BIN)/python -m tests.leak.run $(ARGS)

bench-phantoms: $(READY) ## What phantom stays cost: a month, a start, a check
	@$(BIN)/python -m benchmarks.phantoms $(ARGS)

K ?= 6
import-drill: $(READY) ## Import 100,000 rows while client and server are killed, and compare (K of each kind)
	@$(BIN)/python -m tests.imports.run --kills $(K) $(ARGS)

audit-drill: package ## Export the access log, verify it offline, alter it, see it refused
	@$(BIN)/python -m tests.drill.run --client build/package/client/bin/placement

bench-audit: $(READY) ## The access log at 10,000 to 10,000,000 entries (ARGS="--most 1000000")
	@$(BIN)/python -m benchmarks.audit $(ARGS)

bench-bundle: $(READY) ## Verify an exported bundle of a million entries (ARGS="--entries 20000")
	@$(BIN)/python -m benchmarks.bundle $(ARGS)

bench-alerts: $(READY) ## Alerts at 1,000 to 100,000 placements, and many holds at once (ARGS="--most 10000")
	@$(BIN)/python -m benchmarks.alerts $(ARGS)

bench-across: $(READY) ## Alerts at one server of what is recorded at another (ARGS="--standing 100000")
	@$(BIN)/python -m benchmarks.across $(ARGS)

bench-import: $(READY) ## Import 100,000 facts while checks are answered (ARGS="--rows 10000")
	@$(BIN)/python -m benchmarks.imports $(ARGS)

cover: $(READY) ## Measure what the tests reach
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --cov --cov-report= $(T)
	$(BIN)/coverage report --include='placement/domain/*,placement/crypto/*,placement/audit/*,placement/access.py,placement/service/engine.py' --fail-under=100
	$(BIN)/coverage report --fail-under=95

check: lint types imports check-protos cover ## Everything that CI checks

clean: ## Remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.PHONY: help dev lock protos check-protos format lint types imports test demo bench
.PHONY: scenarios properties never-clear attack attack-live timing leak bench-phantoms package crash crash-pair audit-drill import-drill bench-import bench-audit bench-bundle cover check clean
.PHONY: bench-across chaos simulate faults rollback-drill restore-drill
.PHONY: patroni failover-drill soak bench-wire peers bench-peers bench-behind bench-growth
