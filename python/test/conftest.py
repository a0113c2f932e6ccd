"""Where the program is, for tests that compare with it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """What runs in the background ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def program():
    path = Path(os.environ.get("PM_PROGRAM", ROOT / "build" / "release" / "punctum")).resolve()
    if not path.exists():
        pytest.skip("the program is not built")

    def run(*arguments, cwd=None):
        subprocess.run([str(path), *map(str, arguments)], check=True, cwd=cwd, capture_output=True)

    return run
