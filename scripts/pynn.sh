#!/bin/sh
# PyNN's own tests of backends and its examples, with punctum.pynn:
#   scripts/pynn.sh scenarios PYNN [PYTEST_OPTION...]
#   scripts/pynn.sh examples PYNN [NAME...]
# PYNN is an unpacked copy of PyNN's repository, of the version in build/python-environment (make python).
set -eu
what=$1
pynn=$2
shift 2
python=$PWD/build/python-environment/bin/python
work=build/pynn-$what
rm -rf "$work"
mkdir -p "$work"

case $what in
scenarios)
    "$python" -c 'import scipy' 2>/dev/null || "$python" -m pip install --quiet --disable-pip-version-check scipy
    cp -r "$pynn/test/system/scenarios" "$work/scenarios"
    # Every scenario with this backend alone, whatever simulators it names.
    sed -i 's/@run_with_simulators([^)]*)/@run_with_simulators("punctum")/' "$work"/scenarios/test_*.py
    sed -i 's/import_module(f"pyNN.{self._sim_name}")/import_module("punctum.pynn")/' "$work/scenarios/fixtures.py"
    cd "$work"
    exec "$python" -W ignore -m pytest -q -p no:cacheprovider -p no:warnings --rootdir=. --tb=line scenarios "$@"
    ;;
examples)
    [ $# -gt 0 ] || set -- StepCurrentSource VAbenchmarks brunel current_injection random_distributions \
        simpleRandomNetwork specific_network update_spike_source_array varying_poisson
    cp -r "$pynn/examples" "$work/examples"
    mkdir -p "$work/start" "$work/examples/Results"
    # The examples import pyNN.NAME, with the name that they are given.
    cat > "$work/start/sitecustomize.py" <<'END'
import importlib.abc
import importlib.util
import sys


class Backend(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_loader(name, self) if name == "pyNN.punctum" else None

    def create_module(self, spec):
        return importlib.import_module("punctum.pynn")

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Backend())
END
    start=$PWD/$work/start
    cd "$work/examples"
    failed=0
    for name in "$@"; do
        model=
        [ "$name" != VAbenchmarks ] || model=CUBA
        # shellcheck disable=SC2086
        if PYTHONPATH=$start "$python" -W ignore "$name.py" punctum $model > "$name.log" 2>&1; then
            echo "$name: runs"
        else
            echo "$name: $(tail -n 1 "$name.log")"
            failed=1
        fi
    done
    exit $failed
    ;;
*)
    echo "scenarios or examples, not '$what'" >&2
    exit 2
    ;;
esac
