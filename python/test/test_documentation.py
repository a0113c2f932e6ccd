"""The examples of the documentation run as they stand there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_examples_run(page, monkeypatch, capsys):
    """In order, one after the other, each with what those before it left."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / page).read_text(encoding="utf-8")
    codes = [code for code in re.findall(r"```python\n(.*?)```", text, flags=re.S) if "punctum" in text]
    assert codes
    names = {}
    for code in codes:
        exec(compile(code, page, "exec"), names)
    if page == "README.md":
        assert "8.36026801" in capsys.readouterr().out
