# Credit Messaging. The work itself is in tools/, one readable script for each act.

PORT ?= 8080
export CGO_ENABLED = 0
.DEFAULT_GOAL := help
.PHONY: help run build test test-fast lint proof bench

help:
	@echo 'make run        build, start everything in one process, send the demo message (PORT=$(PORT))'
	@echo 'make test       all that must hold: format, vet, staticcheck, the console in Chromium, tests on SQLite, PostgreSQL, MariaDB and Redis'
	@echo 'make test-fast  the tests on SQLite alone, under a minute'
	@echo 'make lint       format, vet, staticcheck, modules'
	@echo 'make proof      the vendors'"'"' clients against the simulator, the crash proofs at full size on every engine; about half an hour'
	@echo 'make bench      every row of BENCHMARKS.md, product and baseline in one run; about an hour'
	@echo 'make build      bin/creditmsg, one static binary'

run: build
	@CREDITMSG_LISTEN=127.0.0.1:$(PORT) exec bin/creditmsg serve --demo

build:
	@tools/build

test:
	@tools/check test

test-fast:
	@tools/check fast

lint:
	@tools/check lint

proof:
	@tools/check proof

bench:
	@tools/bench
