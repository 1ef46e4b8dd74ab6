# Sourced by demo, test and bench: `prepare EXTRA` makes .venv beside the repository's root, with reelfix in it.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"

find_python() {
    local candidate
    for candidate in "${REELFIX_PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "reelfix needs Python 3.11 or later, and found none. Install one, or name it: REELFIX_PYTHON=/path/to/python3.11" >&2
    return 1
}

# The stamp holds all that the installation depends on; it is written when the installation is whole.
stamp_of() {
    { cat "$root/pyproject.toml" "$root/constraints.txt"; echo "$root" "$1"; } | cksum
}

is_prepared() {
    [ -x "$venv/bin/reelfix" ] && [ "$(cat "$venv/.installed-${1:-plain}" 2>/dev/null)" = "$(stamp_of "$1")" ]
}

prepare() {
    local extra="$1" python
    if is_prepared "$extra" || is_prepared dev; then
        return
    fi
    if ! "$venv/bin/python" -c '' 2>/dev/null; then
        python="$(find_python)"
        echo "making $venv with $("$python" --version)" >&2
        "$python" -m venv "$venv" 2>/dev/null || "$python" -m venv --clear --without-pip "$venv"
    fi
    echo "installing reelfix into $venv (the first time this takes minutes)" >&2
    local -a pip=("$venv/bin/python" -m pip)
    # A system Python without ensurepip gives a venv without pip: the system's own pip then installs into it.
    "${pip[@]}" --version >/dev/null 2>&1 || pip=("${python:-$(find_python)}" -m pip --python "$venv/bin/python")
    "${pip[@]}" install --quiet --disable-pip-version-check --no-input \
        --constraint "$root/constraints.txt" --editable "$root${extra:+[$extra]}"
    stamp_of "$extra" >"$venv/.installed-${extra:-plain}"
}

# The page of contact sheets is tested in a browser where there is one. Root on a Debian gets one; elsewhere, and where
# that fails, those tests say that they are skipped.
prepare_browser() {
    if { command -v chromium && command -v chromedriver; } >/dev/null; then
        return
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing chromium for the tests of the contact sheets' page" >&2
        local -a apt=(timeout 240 apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60)
        { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive \
            "${apt[@]}" install --yes --no-install-recommends chromium chromium-driver; } </dev/null >/dev/null 2>&1 ||
            echo "chromium could not be installed: the tests that need it are skipped" >&2
    fi
}
