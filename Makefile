# The two commands are `make deploy` and `make test`; each sets up what it needs by itself.
# ARGS goes to ansible-playbook (make deploy ARGS="--check"), to pytest (make test ARGS="-k rollout") or to the benchmark (make bench ARGS="--rounds 1").
.DEFAULT_GOAL := help
.PHONY: help deploy teardown test test-fast test-long bench lint sanity build
ARGS ?=
BENCH ?= deploy
ANSIBLE_STDOUT_CALLBACK ?= runbook.minikube.concise

help:
	@echo "make deploy     start or reuse a Minikube, deploy examples/todo on it, print the address to open"
	@echo "make teardown   remove what deploy made: cluster, profile, context, volumes (not the packages and the cache)"
	@echo "make test       all tests, on a real cluster of their own"
	@echo "make test-fast  unit tests and lint, without a cluster"
	@echo "make test-long  the long forms too: every kill point, stops and starts"
	@echo "make bench      deploy.yml beside other ways of deploying, on the cluster of the tests; BENCH=auth, dapr or dedup: the recoveries (tests/bench/README.md)"
	@echo "make lint | sanity | build"

deploy:
	@ANSIBLE_STDOUT_CALLBACK=$(ANSIBLE_STDOUT_CALLBACK) scripts/playbook playbooks/deploy.yml -e local_cluster_install_packages=true $(ARGS)

teardown:
	@ANSIBLE_STDOUT_CALLBACK=$(ANSIBLE_STDOUT_CALLBACK) scripts/playbook playbooks/teardown.yml $(ARGS)

test:
	@scripts/test all $(ARGS)

test-fast:
	@scripts/test fast $(ARGS)

test-long:
	@scripts/test long $(ARGS)

bench:
	@PYTHONPATH=tests/bench:tests/cluster "$$(scripts/venv newest)/bin/python" tests/bench/$(BENCH) $(ARGS)

lint:
	@scripts/lint

sanity:
	@scripts/sanity newest && scripts/sanity oldest

build:
	@venv=$$(scripts/venv any) && "$$venv/bin/ansible-galaxy" collection build --force
