# 信用 Xinyong. Two commands matter: `make run` and `make test`. Both are safe to run again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SUBJECTS ?= 20000
RECORDS ?= 200000
SEED ?= 7
WORKERS ?= 2
export PYTHONUTF8 = 1

.PHONY: run setup check test bench evidence matrix mutants sbom audit docs lock clean help
.DEFAULT_GOAL := help

help: ## 列出命令 list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/runtime.done: requirements/runtime.lock pyproject.toml
	@echo "· 准备运行环境 environment in $(VENV) (first time: a few minutes of downloads)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "需要 Python 3.11 或更高版本 / Python 3.11 or later is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.done: requirements/dev.lock $(VENV)/runtime.done
	@echo "· 准备开发工具 development tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)-semgrep/done: requirements/semgrep.lock
	@echo "· 准备静态检查工具 semgrep, in an environment of its own"
	@test -x $(VENV)-semgrep/bin/python || $(PYTHON) -m venv $(VENV)-semgrep
	@$(VENV)-semgrep/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/semgrep.lock
	@touch $@

setup: $(VENV)/runtime.done ## 准备环境和数据库 environment, database, catalogue
	@$(BIN)/xinyong setup

run: $(VENV)/runtime.done ## 启动演示城市和网站 the platform with a synthetic city (SUBJECTS=, RECORDS=, PORT=)
	@$(BIN)/xinyong run --port $(PORT) --subjects $(SUBJECTS) --records $(RECORDS) --seed $(SEED)

check: $(VENV)/dev.done $(VENV)-semgrep/done ## 静态检查 lint, types, architecture
	@echo "· ruff"; $(BIN)/ruff check xinyong tests tools bench && $(BIN)/ruff format --check --quiet xinyong tests tools bench
	@echo "· import-linter"; $(BIN)/lint-imports --no-cache
	@echo "· mypy"; XINYONG_HOME=var/check $(BIN)/mypy xinyong tools bench
	@echo "· bandit · semgrep"; $(BIN)/python -m tools.static xinyong

test: $(VENV)/dev.done $(VENV)-semgrep/done ## 测试 the test suite (WORKERS=)
	@tools/browser.sh
	@tools/tokens.sh
	@tools/departments.sh
	@tools/papers.sh
	@XINYONG_HOME=$(CURDIR)/var/test $(BIN)/python -m pytest -q -n $(WORKERS)

bench: $(VENV)/dev.done ## 性能测量 measure speed (ROWS=100000,1000000)
	@$(BIN)/python -m bench $(if $(ROWS),--rows $(ROWS))

evidence: $(VENV)/dev.done ## 全量取证 every control's figure at full size, hours (ROW=)
	@tools/browser.sh
	@$(BIN)/python -m tools.evidence $(ROW)

matrix: $(VENV)/dev.done ## 权限矩阵网页 the authorisation matrix as a page: evidence/matrix.html
	@$(BIN)/python -m tools.matrix

mutants: $(VENV)/dev.done ## 逐一去掉防线 one guard away at a time; the tests must notice
	@$(BIN)/python -m tools.mutants

sbom: $(VENV)/dev.done ## 软件物料清单 bill of materials (sbom.json, CycloneDX)
	@$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.json requirements/runtime.lock
	@echo "sbom.json: $$(grep -c '"type": "library"' sbom.json) components"

audit: $(VENV)/dev.done ## 已知漏洞 known vulnerabilities in the lock; says so where no database answers
	@$(BIN)/python -m tools.audit

docs: $(VENV)/dev.done ## 生成参考文档和截图 generated references and screenshots
	@XINYONG_HOME=$(CURDIR)/var/docs $(BIN)/python -m tools.references

lock: ## 重新锁定依赖 pin the dependencies again, with hashes
	@tools/lock.sh

clean: ## 删除环境(不删数据) remove the environment, keep the data
	@rm -rf $(VENV) $(VENV)-semgrep .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
