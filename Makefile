# Short verbs. Each only delegates to Maven, to the jar's own commands or to a script in bench/.

.DEFAULT_GOAL := help
.PHONY: help dev test format package faults bench clean

help: ## list the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

dev: ## run the demo
	mvn -q spring-boot:run

test: ## all tests and checks
	mvn -B -ntp verify

format: ## format the code
	mvn -q spotless:apply

package: ## one runnable jar in target/
	mvn -q -DskipTests package

faults: ## the long fault runs: 20 rounds of kill -9 and the rest
	mvn -B -ntp -Dtest='cl.smarterbot.hub.faults.*' -Dfaults.rounds=20 test

bench: ## durable intake, see bench/README.md
	bench/intake

clean: ## remove what was built; data/ stays
	mvn -q clean
