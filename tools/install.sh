#!/bin/sh
# Makes .venv with everything that uv.lock pins: install.sh PYTHON [GROUP].
# Does nothing when .venv was made from this very uv.lock, with that group.
set -eu

python=$1
group=${2:-}
uv_version=0.13.8
done_lock=.venv/installed.lock

if cmp -s uv.lock "$done_lock" && .venv/bin/python -c '' 2>/dev/null; then
    if [ -z "$group" ] || [ -x .venv/bin/playwright ]; then
        exit 0
    fi
fi

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    for candidate in "$python" python3.11 python3.12 python3.13 python3.14; do
        if fits "$candidate"; then
            break
        fi
    done
    if ! fits "$candidate"; then
        echo "Chargebook needs Python 3.11 or later: set PYTHON=/path/to/python3 make …" >&2
        exit 1
    fi
    clear=--clear
    if fits .venv/bin/python; then
        clear=''  # only pip is missing
    fi
    if ! "$candidate" -m venv $clear .venv; then
        echo "Python's venv module does not work here (on Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
fi

echo "Installing what uv.lock pins into .venv …"
rm -f "$done_lock"
if ! .venv/bin/python -c "import importlib.metadata as m, sys; sys.exit(m.version('uv') != '$uv_version')" 2>/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
fi
# Compiled once, and not by each process of the tests that is first to use it.
set -- --frozen --quiet --compile-bytecode
# A group that is there already stays.
if [ "$group" = e2e ] || [ -x .venv/bin/playwright ]; then
    set -- "$@" --group e2e
fi
UV_PROJECT_ENVIRONMENT=.venv VIRTUAL_ENV='' .venv/bin/python -m uv sync "$@"
cp uv.lock "$done_lock"
