"""The examples of the documentation run as they stand there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


PAGES = ["README.md", "docs/python.md", "docs/tutorial.md", "docs/howto.md", "docs/gallery.md"]
PRINTED = {
    "README.md": "8.36026801",
    "docs/tutorial.md": "converged after",
    "docs/howto.md": "[14.25936778 14.25936778]",
}


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page, monkeypatch, capsys):
    """In order, one after the other, each with what those before it left; they print what the page says."""
    monkeypatch.chdir(ROOT)
    if page in ("docs/tutorial.md", "docs/gallery.md"):
        pytest.importorskip("matplotlib").use("agg")
    if page == "docs/howto.md":
        pytest.importorskip("pyNN")
    text = (ROOT / page).read_text(encoding="utf-8")
    codes = [code for code in re.findall(r"```python\n(.*?)```", text, flags=re.S) if "punctum" in text]
    assert codes
    names = {}
    for code in codes:
        exec(compile(code, page, "exec"), names)
    assert PRINTED.get(page, "") in capsys.readouterr().out
