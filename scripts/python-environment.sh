#!/bin/sh
# Makes a virtual environment with what is named: scripts/python-environment.sh FOLDER PACKAGES, for pip. Quick and
# offline when it is there with all of them.
set -eu
place=$1
packages=$2
if [ -f "$place/packages" ] && [ "$(cat "$place/packages")" = "$packages" ]; then
    exit 0
fi
[ -x "$place/bin/python" ] || "${PYTHON:-python3}" -m venv "$place"
echo "installing into $place: $packages" >&2
# shellcheck disable=SC2086
"$place/bin/python" -m pip install --quiet --disable-pip-version-check $packages
echo "$packages" > "$place/packages"
