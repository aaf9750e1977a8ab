#!/bin/sh
# Prepares everything that `make demo` and `make test` need: system packages, uv, and the locked Python environment.
# Nothing is repeated that is there already. PYTHON names another interpreter (3.11 to 3.13).
#
# What a few tests and options use besides, by name:
#
#     ./setup.sh nextpnr-xilinx    nextpnr for the Xilinx 7 series, unpacked into .nextpnr-xilinx (280 MB; Debian, amd64)
#     ./setup.sh postgresql        a PostgreSQL server, for scans that several hosts write
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
asked=" $* "
case "$asked" in *" postgresql "*)
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql" ;;
esac
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

# --- nextpnr for the Xilinx 7 series, on request: in no Python package, and in Debian not before its unstable release ---
# It is unpacked with all the libraries it needs, its own C library included, so nothing of the system is changed.
wanted=no
case "$asked" in *" nextpnr-xilinx "*) [ -x .nextpnr-xilinx/bin/nextpnr-himbaechel-xilinx ] || wanted=yes ;; esac
if [ "$wanted" = yes ]; then
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    if ! command -v apt-get >/dev/null 2>&1 || [ ! -f "$keys" ]; then
        say "nextpnr for the Xilinx 7 series is taken from Debian's archive, which needs apt-get and $keys"
        exit 2
    fi
    say "unpacking nextpnr for the Xilinx 7 series into .nextpnr-xilinx"
    rm -rf .nextpnr-xilinx
    mkdir -p .nextpnr-xilinx/apt/lists/partial .nextpnr-xilinx/apt/archives/partial .nextpnr-xilinx/bin
    prefix=$(cd .nextpnr-xilinx && pwd)
    : >"$prefix/apt/status" # no package is installed there: every library is fetched
    echo "deb [signed-by=$keys] http://deb.debian.org/debian sid main" >"$prefix/apt/sources.list"
    private() {
        apt-get -q -o Dir::State="$prefix/apt" -o Dir::State::Lists="$prefix/apt/lists" -o Debug::NoLocking=1 \
            -o Dir::State::status="$prefix/apt/status" -o Dir::Cache="$prefix/apt" -o APT::Architecture=amd64 \
            -o Dir::Etc::sourcelist="$prefix/apt/sources.list" -o Dir::Etc::sourceparts=- "$@"
    }
    { private update && private install -y --no-install-recommends --download-only nextpnr-himbaechel-xilinx; } \
        >.setup.log 2>&1 || { cat .setup.log >&2; exit 2; }
    for package in "$prefix"/apt/archives/*.deb; do dpkg-deb -x "$package" "$prefix/root"; done
    rm -rf "$prefix/apt" .setup.log
    cat >"$prefix/bin/nextpnr-himbaechel-xilinx" <<'EOF'
#!/bin/sh
# nextpnr with its own C library; the chip database is named after the device, without package and speed grade.
root=$(cd "$(dirname "$0")/../root" && pwd)
libraries=$root/usr/lib/x86_64-linux-gnu
device="" previous=""
for argument; do
    [ "$previous" = --device ] && device=$(expr "$argument" : '\(xc7[asz][0-9]*t*\)')
    previous=$argument
done
[ -z "$device" ] || set -- "$@" --chipdb "$root/usr/share/nextpnr/himbaechel/xilinx/chipdb-$device.bin"
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$root/usr/bin/nextpnr-himbaechel-xilinx" "$@"
EOF
    chmod +x "$prefix/bin/nextpnr-himbaechel-xilinx"
    if ! "$prefix/bin/nextpnr-himbaechel-xilinx" --version >/dev/null 2>&1; then
        say "nextpnr for the Xilinx 7 series does not run on this system"
        rm -rf .nextpnr-xilinx
        exit 2
    fi
    say "put it on PATH: export PATH=\"$prefix/bin:\$PATH\""
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
