#!/bin/sh
# Installs the Debian packages that are missing: scripts/setup.sh build|check|python|peers|full. Quick and offline when all are there.
#   build  what building, running and plotting need
#   check  what the tests need besides
#   python what building the Python package needs besides
#   peers  what NEST and Brian2 are installed with, for comparisons
#   full   the library for an extension besides: HDF5
# On other systems: content if the essentials can be found, otherwise prints the list and stops.
set -eu

build="gcc libc6-dev make pkg-config libgsl-dev libyaml-dev libjansson-dev zlib1g-dev openmpi-bin libopenmpi-dev gnuplot-nox"
check="check cppcheck clang-tidy clang lcov"
python="python3-venv python3-dev"
full="libhdf5-dev"
level=${1:-build}
case "$level" in
build) wanted=$build ;;
check) wanted="$build $check $python" ;;
python) wanted="$build $python" ;;
peers) wanted="$build python3-venv" ;;
full) wanted="$build $check $python $full" ;;
*)
    echo "usage: scripts/setup.sh build|check|python|peers|full" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    found=yes
    for program in gcc pkg-config gnuplot; do
        command -v $program >/dev/null 2>&1 || found=no
    done
    libraries="gsl yaml-0.1 jansson zlib ompi-c"
    if [ "$level" = check ] || [ "$level" = full ]; then
        libraries="$libraries check"
        for program in clang clang-tidy cppcheck; do
            command -v $program >/dev/null 2>&1 || found=no
        done
    fi
    # shellcheck disable=SC2086
    if [ $found = yes ] && pkg-config --exists $libraries; then
        exit 0
    fi
    echo "punctum needs the following (names of Debian packages); please install them and run make again:" >&2
    echo "  $wanted" >&2
    exit 1
fi

# The packages among the arguments that are not installed.
missing_of() {
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
    for package in "$@"; do
        case "$package" in
        gnuplot-nox) ! command -v gnuplot >/dev/null 2>&1 || continue ;; # any flavour will do
        pkg-config) ! command -v pkg-config >/dev/null 2>&1 || continue ;;
        esac
        echo "$installed" | grep -qx -- "$package" || echo "$package"
    done
}

install_all() {
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null 2>&1; then
            echo "neither root nor sudo: please install these packages and run make again: $*" >&2
            exit 1
        fi
    fi
    echo "installing: $*" >&2
    get="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq"
    $get install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    $get update
    $get install -y --no-install-recommends "$@" >/dev/null
}

# shellcheck disable=SC2046,SC2086
set -- $(missing_of $wanted)
[ $# = 0 ] || install_all "$@"

# Clang's libraries for sanitizers and fuzzing, and its OpenMP, are packages of their own, named after clang's version.
if [ "$level" = check ] || [ "$level" = full ]; then
    version=$(clang -dumpversion | cut -d. -f1)
    # shellcheck disable=SC2046
    set -- $(missing_of "libclang-rt-$version-dev" "libomp-$version-dev")
    [ $# = 0 ] || install_all "$@"
fi
