#!/bin/sh
# Prepares everything that `make demo` and `make test` need: system packages, uv, and the locked Python environment.
# Nothing is repeated that is there already. PYTHON names another interpreter (3.11 to 3.13).
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

# --- system packages: compilers and open EDA tools -------------------------------------------------------------------
missing=""
for pair in g++:g++ make:make perl:perl iverilog:iverilog yosys:yosys ghdl:ghdl cmake:cmake tclsh:tcl; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
if ! command -v uv >/dev/null 2>&1 && [ ! -x .uv/bin/uv ] && ! "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
    missing="$missing python3-venv"
fi
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        say "Please install these programs with your system's package manager, then repeat the command:$missing"
        exit 2
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        say "System packages are missing and this user may not install them. Please run:"
        say "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing"
        exit 2
    fi
    say "installing system packages:$missing"
    # shellcheck disable=SC2086 # both are lists of words
    { $as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q \
        --no-install-recommends $missing; } >.setup.log 2>&1 || { cat .setup.log >&2; exit 2; }
    rm -f .setup.log
fi

# --- uv --------------------------------------------------------------------------------------------------------------
if command -v uv >/dev/null 2>&1; then
    UV=uv
else
    UV=.uv/bin/uv
    if [ ! -x "$UV" ]; then
        say "installing uv into .uv"
        "$PYTHON" -m venv .uv
        .uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'
    fi
fi

# --- Python environment, exactly as locked ---------------------------------------------------------------------------
stamp=.venv/.locked
if [ ! -f "$stamp" ] || [ uv.lock -nt "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    say "installing the locked Python environment into .venv"
    "$UV" sync --locked --python "$PYTHON" --extra ml --extra trees --extra formats --extra simulation --extra open-eda \
        --extra scan --extra dev
    touch "$stamp"
fi
