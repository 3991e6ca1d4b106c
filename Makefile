# The daily commands. `make run PYTHON=python3.13` chooses the interpreter of .venv.
PYTHON ?= python3
CHOSEN := $(if $(filter default file,$(origin PYTHON)),,--this-python)
PREPARE := $(PYTHON) -I deploy/local/bootstrap.py $(CHOSEN)
BIN := .venv/bin
LOCK := UV_NO_CONFIG=1 $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# Where a shell says so, each of some hundred processes would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo reset test lint fmt manifests policies compose-test upgrade-test bench lock

run demo: ## start everything and play the story; demo: the same, then leave
	@$(PREPARE)
	@$(BIN)/python -m deploy.local $@

reset: ## forget the data of `make run`
	@$(PREPARE)
	@$(BIN)/python -m deploy.local reset

test: ## every test, on servers of its own; ARGS="tests/booking -k overlap" for some
	@$(PREPARE) --dev
	@# Once, not in each of those that begin together.
	@$(BIN)/python -m compileall -q -j 0 deploy services shared
	@$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(ARGS)

lint: ## style, types, walls between the parts, texts without a translation, migrations
	@$(PREPARE) --dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m shared.web.i18n_check
	$(BIN)/python -m shared.db.lint

fmt: ## put the code in its usual form
	@$(PREPARE) --dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

manifests: ## Kubernetes, compose and Dockerfile, looked at without a cluster or an engine
	@$(PREPARE) --dev --manifests
	@$(BIN)/python -m deploy.checks

policies: ## checkov's list of good habits for the same; installs itself for minutes
	@$(PREPARE) --dev --manifests
	@$(BIN)/python -m deploy.checks.policies

compose-test: ## build the images, bring compose up, play the story, kill parts of it; ARGS=--stand-ins without a registry
	@$(PREPARE) --dev --manifests
	@$(BIN)/python -m deploy.compose.rehearsal $(ARGS)

upgrade-test: ## an old and a new version side by side, people at work; ARGS="--from COMMIT --stand-ins"
	@$(PREPARE) --dev --manifests
	@$(BIN)/python -m deploy.compose.upgrade $(ARGS)

bench: ## the measured comparisons, into .run/bench.json
	@$(PREPARE) --dev --bench
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## choose the newest allowed versions anew
	@$(PREPARE) --dev
	$(LOCK) --upgrade requirements/build.in -o requirements/build.txt
	$(LOCK) --upgrade requirements/node.in -o requirements/node.txt
	$(LOCK) --upgrade requirements/base.in -o requirements/base.txt
	$(LOCK) --upgrade -c requirements/base.txt requirements/dev.in -o requirements/dev.txt
	$(LOCK) --upgrade -c requirements/base.txt requirements/bench.in -o requirements/bench.txt
	$(LOCK) --upgrade -c requirements/dev.txt requirements/manifests.in -o requirements/manifests.txt
	$(LOCK) --upgrade requirements/checkov.in -o requirements/checkov.txt
