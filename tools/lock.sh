#!/bin/sh
# Pins every dependency with hashes. mplfonts is used for its font file only: what it asks for (matplotlib and its
# own) is left out, which is why the lock files are installed with --no-deps. So is oscrypto, which pyHanko's validator asks for
# where no roots are given: ours always are.
set -e
cd "$(dirname "$0")/.."
leave="--no-emit-package matplotlib --no-emit-package contourpy --no-emit-package cycler
  --no-emit-package kiwisolver --no-emit-package pyparsing --no-emit-package fire --no-emit-package termcolor --no-emit-package oscrypto"
pin="uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 --universal"
# shellcheck disable=SC2086
$pin $leave pyproject.toml requirements/build.in -o requirements/runtime.lock
# shellcheck disable=SC2086
$pin $leave --extra dev -c requirements/runtime.lock pyproject.toml -o requirements/all.lock
# semgrep pins libraries that the program does not: an environment of its own.
$pin requirements/semgrep.in -o requirements/semgrep.lock
python3 - <<'PY'
import pathlib, re

# dev.lock holds what all.lock has beyond runtime.lock: also what that has for fewer machines (greenlet).
def blocks(name):
    text = pathlib.Path("requirements", name).read_text()
    return {re.split(r"[=\s;]", b, maxsplit=1)[0]: b for b in re.split(r"\n(?=\S)", text.strip())}

def _head(block):
    return block.partition("\n")[0].strip(" \\")

runtime, everything = blocks("runtime.lock"), blocks("all.lock")
pathlib.Path("requirements/dev.lock").write_text("\n".join(b for n, b in everything.items() if _head(b) != _head(runtime.get(n, ""))) + "\n")
pathlib.Path("requirements/all.lock").unlink()
PY
