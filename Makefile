# Two commands on a fresh machine: `make study` and `make test`. Each does its own set-up.
.PHONY: study test test-all lint bench sbom docs

# A process for each core shares out the files of tests; each takes up to 2 GB.
PYTEST = .venv/bin/pytest -n auto --maxprocesses 4 --dist loadfile

study: ## prepare the study of config.yaml and serve it
	@./setup.sh study
	@.venv/bin/study run

test: lint ## what must pass before anything lands
	@$(PYTEST)

test-all: lint ## the slow ones too
	@$(PYTEST) -m "slow or not slow"

lint:
	@./setup.sh test
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports > /dev/null || .venv/bin/lint-imports
	@.venv/bin/cog --check README.md docs/config.md docs/commands.md docs/data-dictionary.md docs/http.md

bench: ## measure what the README claims, side by side
	@./setup.sh test
	@.venv/bin/study --quiet prepare
	@.venv/bin/python benchmarks

sbom: ## list every locked package of a running study, with hashes, as CycloneDX
	@./setup.sh study
	@PATH=".tools/bin:$$PATH" uv export --quiet --preview-features sbom-export --frozen --no-dev --format cyclonedx1.5 -o sbom.cdx.json

docs: ## paste what the commands print into the documents
	@.venv/bin/study config --schema > docs/config.schema.json
	@.venv/bin/cog -r README.md docs/config.md docs/commands.md docs/data-dictionary.md docs/http.md
