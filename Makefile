# Two commands matter: `make local` runs the whole API on this machine (PORT=N at another port), `make test` tests it.
PYTHON ?= python3
BIN = .venv/bin
# Tests write only to build/, .venv*/ and .local/.
TIDY = PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY="$(CURDIR)/build/hypothesis"

.PHONY: local test e2e-pulumi quick check bench mutate openapi settings diagram dashboard-picture docs lock clean program tests emulator

local: program emulator
	@$(BIN)/python -m local up $(if $(PORT),--port $(PORT))

# In two processes if there are two processors. Files start in the order of their names, so that the last ones are short.
test: tests emulator
	@$(TIDY) $(BIN)/pytest --numprocesses auto --maxprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 \
		--hypothesis-profile=ci --ignore=tests/bench

# The end-to-end tests on stacks that the Pulumi CLI deploys, in about six minutes; `pulumi` must be on PATH.
e2e-pulumi: tests emulator
	@$(TIDY) $(BIN)/pytest --engine pulumi tests/e2e --ignore=tests/e2e/emulator --ignore=tests/e2e/provider \
		--ignore=tests/e2e/test_commands.py

# The inner loop: the faster unit and graph tests. Left out, besides all tests of running systems:
# builds of bundles, tools that need Node or Java, long runs of generated data, the plan command in its own process, and
# plans of every pair of settings.
quick: tests
	@$(TIDY) $(BIN)/pytest --numprocesses auto --dist loadfile -m "not java" tests/unit tests/graph \
		--deselect tests/graph/test_program.py::TestPlanCommand --ignore=tests/graph/test_against.py \
		--deselect tests/graph/test_rules.py::test_the_rules_hold_for_every_pair_of_settings \
		$(patsubst %,--ignore=tests/unit/%,infra/test_bundles.py infra/test_lint.py infra/test_typescript.py handlers/test_model.py)

check: tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/codespell
	@$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github
	@$(TIDY) $(BIN)/python -m infra.documents --check openapi.json
	@$(TIDY) $(BIN)/python -m infra.settings_reference --check

# A full run that meets all limits is recorded in docs/results and quoted in docs/performance.md; so is one of `make mutate`.
bench: tests emulator
	@$(TIDY) $(BIN)/pytest tests/bench

# Mutation testing of the authorizer. It takes half an hour and does not run in CI.
MUTMUT = mutmut==3.8.1
RUN_MUTMUT = $(BIN)/uv tool run --python $(BIN)/python --from $(MUTMUT) --with-requirements tests/requirements.txt mutmut
mutate: tests
	@$(RUN_MUTMUT) run
	@$(RUN_MUTMUT) export-cicd-stats
	@$(BIN)/python -m tests.bench.mutation $(MUTMUT)

openapi: program
	@$(BIN)/python -m infra.documents openapi.json

# The page and the editors' schema of a stack's settings, from their types.
settings: program
	@$(BIN)/python -m infra.settings_reference

# The picture of the dashboard in the documentation, from four minutes of requests to the local stack.
dashboard-picture: program emulator
	@$(BIN)/python -m local.dashboard

# The README's diagram, from the plan of the stack `dev`.
diagram: program
	@$(BIN)/python -m local.plans.readme

# The documentation site, from the Markdown in docs/. Broken links and all other warnings are errors.
docs:
	@$(INSTALL) .venv-docs docs/requirements.txt
	@.venv-docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env \
		--conf-dir docs --doctree-dir build/doctrees . build/docs
	@echo "The site is in build/docs; open build/docs/index.html"

# Resolve the pins of pyproject.toml into the requirements files; the packages of Lambda bundles are pinned by hash.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --custom-compile-command 'make lock'
lock: tests
	@$(COMPILE) --group program --output-file requirements.txt
	@$(COMPILE) --group local --output-file local/requirements.txt
	@$(COMPILE) --group tests --output-file tests/requirements.txt
	@$(COMPILE) --group docs --output-file docs/requirements.txt
	@$(COMPILE) --group emulator --output-file local/emulator/requirements.txt
	@$(COMPILE) --group authorizer --generate-hashes --output-file authorizer/requirements.txt
	@$(COMPILE) --group handlers --generate-hashes --output-file handlers/requirements.txt

clean:
	@if [ -d .local ] && [ -x $(BIN)/python ]; then $(BIN)/python -m local down 2>/dev/null || true; fi
	@rm -rf build mutants .local .venv .venv-docs .venv-emulator
	@find . -name __pycache__ -prune -exec rm -rf {} +

# Virtual environments. The requirements of the tests include those of the program.
INSTALL = PYTHON=$(PYTHON) sh local/install.sh
program:
	@$(INSTALL) .venv local/requirements.txt tests/requirements.txt
tests:
	@$(INSTALL) .venv tests/requirements.txt
emulator:
	@$(INSTALL) .venv-emulator local/emulator/requirements.txt
