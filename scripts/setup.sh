#!/bin/sh
# Installs the Debian packages that are missing: scripts/setup.sh build|check. Quick and offline when all are there.
set -eu

build="gcc make pkg-config libgsl-dev libyaml-dev libjansson-dev gnuplot-nox"
check="$build check cppcheck clang-tidy lcov"
case "${1:-build}" in
build) wanted=$build ;;
check) wanted=$check ;;
*) echo "usage: scripts/setup.sh build|check" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    # Not Debian: be content if the essentials are there, otherwise say what is wanted and stop.
    if command -v cc >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists gsl yaml-0.1 jansson; then
        exit 0
    fi
    echo "punctum needs the following (names of Debian packages); please install them and run make again:" >&2
    echo "  $wanted" >&2
    exit 1
fi

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
# Any flavour of gnuplot will do.
if command -v gnuplot >/dev/null 2>&1; then
    missing=$(echo " $missing " | sed 's/ gnuplot-nox / /')
fi
missing=$(echo $missing)
[ -n "$missing" ] || exit 0

echo "installing: $missing" >&2
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "neither root nor sudo: please install these packages and run make again" >&2
    exit 1
fi
install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
install 2>/dev/null || { $as_root apt-get update -qq && install; }
