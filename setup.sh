#!/bin/sh
# Makes everything ready for `make study` or `make test`: Debian packages, uv and the environment.
# A second call checks and changes nothing. Where it may not install, it says what to install.
set -eu
cd "$(dirname "$0")"

UV_VERSION=0.13.9
packages="libfluidsynth3 fluid-soundfont-gm lame libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-droid-fallback"
groups="--no-dev --inexact"
if [ "${1:-study}" = test ]; then
    packages="$packages timgm6mb-soundfont ffmpeg opus-tools chromium"
    groups=""
fi

fail() {
    printf 'Error: %s\n' "$1" >&2
    exit 2
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

list_missing() {
    for package in $packages; do
        is_installed "$package" || printf ' %s' "$package"
    done
    python3 -c 'import ensurepip' 2>/dev/null || have_uv || printf ' python3-venv'
}

have_uv() {
    command -v uv >/dev/null 2>&1 || [ -x .tools/bin/uv ]
}

install_packages() {
    command -v apt-get >/dev/null 2>&1 || {
        printf 'This system has no apt-get. Where it lacks what corresponds to these Debian packages, install it:%s\n' "$1" >&2
        return 0
    }
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root="sudo"
    else
        fail "these Debian packages are missing and only root may install them. Run: apt-get install --no-install-recommends$1"
    fi
    echo "Installing Debian packages:$1"
    # shellcheck disable=SC2086 # the list is meant to be split
    if ! { $as_root apt-get -q update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $1; }; then
        fail "apt-get could not install:$1. Its own message stands above; mend it and run the same command again."
    fi
}

# At .tools/bin/uv there always is one afterwards: the documents and the Makefile name it there.
provide_uv() {
    [ -x .tools/bin/uv ] || {
        if found=$(command -v uv); then
            mkdir -p .tools/bin && ln -sf "$found" .tools/bin/uv
        else
            python3 -m venv .tools && .tools/bin/pip install --quiet "uv==$UV_VERSION"
        fi
    }
}

missing=$(list_missing)
[ -z "$missing" ] || install_packages "$missing"
provide_uv || fail "uv could not be installed with pip; its message stands above. Install uv $UV_VERSION by other means and run the same command again."
# shellcheck disable=SC2086
.tools/bin/uv sync --frozen --quiet $groups || fail "the Python environment could not be made; uv's message stands above."
