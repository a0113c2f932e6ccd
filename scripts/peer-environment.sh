#!/bin/sh
# Installs a peer into build/python-NAME, if it is not there: scripts/peer-environment.sh NAME. brian2, nest, jaxsnn, and torch (with
# snnTorch and Norse) come as wheels, genn and eventprop from a folder with their sources, $GENN and $EVENTPROP, which is copied first.
# EventProp needs the headers of Boost and Eigen besides (libboost-dev, libeigen3-dev), GeNN libffi-dev.
set -eu
sources=
case $1 in
brian2) wheels='brian2==2.9.0 numpy<2.4' ;; # numpy 2.4 has lost a method that Brian2 2.9 needs
nest) wheels='nest-simulator==3.10.0 numpy' ;;
jaxsnn) wheels='jaxsnn==0.3.0' ;;
torch) wheels='torch snntorch==1.0.0 norse==1.1.0' ;;
genn) wheels='numpy setuptools wheel pybind11 psutil pkgconfig' sources=${GENN-} ;;
eventprop) wheels='numpy scipy dask tqdm setuptools wheel pybind11' sources=${EVENTPROP-} ;;
*)
    echo "brian2, nest, jaxsnn, torch, genn or eventprop, not '$1'" >&2
    exit 2
    ;;
esac
home=build/python-$1

# install: everything that is needed; setup.py of EventProp looks for headers in folders of its own, which are empty
install() {
    rm -rf "$home" && python3 -m venv "$home" || return
    # shellcheck disable=SC2086
    "$home/bin/python" -m pip install --quiet $wheels || return
    [ -n "$sources" ] || return 0
    cp -r "$sources" "$home/source" || return
    LDFLAGS=-fopenmp CFLAGS="-I/usr/include/eigen3 -I$("$home/bin/python" -c 'import pybind11; print(pybind11.get_include())')" \
        "$home/bin/python" -m pip install --quiet --no-build-isolation "$home/source"
}

if ! [ -e "$home/complete" ]; then
    case $1 in
    genn | eventprop)
        if [ -z "$sources" ]; then
            echo "$1 is left out: it has no wheel; name a folder with its sources as $(echo "$1" | tr a-z A-Z)" >&2
            exit 1
        fi
        ;;
    esac
    if ! { install && touch "$home/complete"; }; then
        echo "$1 could not be installed; it needs python3 with venv, and PyPI" >&2
        exit 1
    fi
fi
