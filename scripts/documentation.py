#!/usr/bin/env python3
"""Assembles the pages of the documentation site in build/site/source, for MkDocs: scripts/documentation.py

Pages are those of docs/ with README.md, CONTRIBUTING.md and CHANGELOG.md; links to other files of the repository lead
to copies of them. Pages of EXECUTED are run as notebooks: what their Python prints and draws stands below each piece,
and the notebook beside the page. The reference of the Python package is made from its sources and descriptor tables.
"""

import base64
import re
import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "site" / "source"
TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
EXECUTED = ["tutorial.md", "howto.md", "gallery.md"]
FIRST = """%config InlineBackend.figure_formats = ['svg']
import matplotlib
matplotlib.rcParams['svg.hashsalt'] = 'punctum'"""


def relinked(text: str, folder: Path) -> str:
    """Links as they have to be on the site; files that are linked to are copied."""

    def link(match: re.Match) -> str:
        target, _, anchor = match[1].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = (folder / target).resolve().relative_to(ROOT)
        if path.name in TOP and path.parent == Path("."):
            place = TOP[path.name]
        elif path.parts[0] == "docs":
            place = "/".join(path.parts[1:])
        else:
            place = f"sources/{path}.txt"
        if not place.endswith(".md"):
            (SOURCE / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, SOURCE / place)
        return f"]({place}{'#' + anchor if anchor else ''})"

    parts = re.split(r"(```.*?```)", text, flags=re.S)
    return "".join(part if part.startswith("```") else re.sub(r"\]\(([^)\s]+)\)", link, part) for part in parts)


def shown(output: dict, name: str) -> str:
    """An output of a cell on the page."""
    if output["output_type"] == "stream":
        return f"```text\n{output['text'].rstrip()}\n```\n"
    data = output["data"]
    for kind, ending in (("image/svg+xml", "svg"), ("image/png", "png")):
        if kind in data:
            picture = data[kind]
            place = SOURCE / "pictures" / f"{name}.{ending}"
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(base64.b64decode(picture) if ending == "png" else picture.encode())
            return f"![{name}](pictures/{place.name})\n"
    return f"```text\n{data['text/plain']}\n```\n"


def executed(text: str, name: str) -> str:
    """The page with the outputs of its Python, which also becomes a notebook."""
    parts = re.split(r"```python\n(.*?)```\n", text, flags=re.S)
    hidden = nbformat.v4.new_code_cell(FIRST)
    cells = [hidden]
    for k, part in enumerate(parts):
        make = nbformat.v4.new_code_cell if k % 2 else nbformat.v4.new_markdown_cell
        cells.append(make(part.strip("\n")))
    for k, cell in enumerate(cells):
        cell["id"] = f"cell-{k}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    page = []
    for k, cell in enumerate(cells[1:]):
        if cell["cell_type"] == "markdown":
            page.append(cell["source"] + "\n")
            continue
        page.append(f"```python\n{cell['source']}\n```\n")
        page += [shown(output, f"{name}-{k}-{n}") for n, output in enumerate(cell["outputs"])]
    notebook.cells = cells[1:]
    nbformat.write(notebook, SOURCE / f"{name}.ipynb")
    return "\n".join([*page, f"[This page as a notebook]({name}.ipynb)\n"])


def reference() -> str:
    """All public names of the package, and its tables."""
    import punctum as pm

    groups = {
        "Networks": ["Network", "Population", "Projection", "Current", "load"],
        "Distributions, receptors, resets": [
            *("normal", "uniform", "lognormal", "exponential", "Distribution"),
            *("exp", "exp2", "alpha", "impulse", "Receptor", "Jump", "Reset"),
        ],
        "Running": ["Simulation", "Run", "Spikes", "Samples", "State"],
        "Gradients": ["Gradient"],
        "Results in folders, validation": ["Results", "Validation"],
        "Training": ["Experiment", "Layer", "Pattern", "Trainer", "Report", "Trial", "TrainingProgress"],
        "Searches": ["Search", "SearchPoint", "SearchProgress"],
        "Classification": ["Classification", "ClassTrainer", "Dataset", "Outcome", "Epoch", "Score"],
        "Event cameras": ["Camera", "Events", "Film"],
        "Files": ["read_spikes", "write_spikes", "SpikeTable"],
        "Kinds by name": ["kind", "kinds", "Kind", "Field"],
        "Errors": ["Error", "InvalidError", "Stopped"],
    }
    listed = {name for names in groups.values() for name in names}
    missing = sorted(set(pm.__all__) - listed - {"metrics", "__version__"})
    if missing:
        raise SystemExit(f"scripts/documentation.py: the reference lacks {', '.join(missing)}")
    lines = ["# Python reference", "", "Units everywhere: ms, mV, pA, pF, nS, spikes/s.", ""]
    for title, names in groups.items():
        lines += [f"## {title}", ""]
        for name in names:
            place = f"kinds.{name}" if title == "Kinds by name" else name  # there is a module of that name, too
            lines += [f"::: punctum.{place}"]
            lines += ["    options: {inherited_members: true}", ""] if name in ("Network", "Run") else [""]
        if title == "Networks":
            lines += ["Parameters of `lif`:", "", "```text", pm.kind("neuron", "lif").table(0), "```", ""]
    lines += ["## Metrics", "", "::: punctum.metrics", "    options: {show_root_heading: false}", ""]
    lines += ["## PyTorch", "", "::: punctum.torch", "    options: {show_root_heading: false}", ""]
    return "\n".join(lines)


def main() -> None:
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for path in [ROOT / name for name in TOP] + sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        text = relinked(text, path.parent)
        if path.name in EXECUTED:
            text = executed(text, path.stem)
        place = SOURCE / TOP.get(path.name, path.name)
        place.write_text(text, encoding="utf-8")
    (SOURCE / "python-reference.md").write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
