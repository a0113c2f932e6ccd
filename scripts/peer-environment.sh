#!/bin/sh
# Installs NEST or Brian2 from its wheel into build/python-NAME, if it is not there: scripts/peer-environment.sh brian2|nest.
set -eu
case $1 in
brian2) wheels='brian2==2.9.0 numpy<2.4' ;; # numpy 2.4 has lost a method that Brian2 2.9 needs
nest) wheels='nest-simulator==3.10.0 numpy' ;;
*)
    echo "brian2 or nest, not '$1'" >&2
    exit 2
    ;;
esac
home=build/python-$1
if ! [ -e "$home/complete" ]; then
    # shellcheck disable=SC2086
    if ! { rm -rf "$home" && python3 -m venv "$home" && "$home/bin/python" -m pip install --quiet $wheels && touch "$home/complete"; }; then
        echo "$1 could not be installed; it needs python3 with venv, and PyPI" >&2
        exit 1
    fi
fi
