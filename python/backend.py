"""Builds the package (PEP 517, 660): the Makefile makes the extension, and a wheel is what the rooms of the package
hold, packed up. Nothing else is needed: pip and build call the functions of this module.

On the command line: backend.py wheel DIRECTORY, backend.py sdist DIRECTORY, backend.py develop ENVIRONMENT.
"""

import base64
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "punctum"
BUILT = ["_core.abi3.so", "_declarations.py"]
# What a source distribution holds: all but the images of MNIST, which are larger than the rest together.
SOURCES = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", "punctum.pc.in"]
SOURCES += ["mkdocs.yml", ".clang-format", ".clang-tidy", ".cppcheck", ".editorconfig", ".gitignore"]
FOLDERS = ["include", "src", "python", "scripts", "docs", "data", "test"]
LEFT_OUT = {".gz", ".pyc", ".so", ".o"}


def version() -> str:
    text = (ROOT / "include" / "punctum" / "punctum.h").read_text(encoding="utf-8")
    match = re.search(r'#define PM_VERSION "(.*)"', text)
    assert match
    return match[1]


def project() -> dict:
    """The few values of pyproject.toml that end in the metadata; tomllib is not in every Python from 3.9 on."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    values: dict = {}
    for key in ("description", "requires-python", "license"):
        match = re.search(rf'^{key} = "(.*)"$', text, flags=re.M)
        assert match
        values[key] = match[1]
    match = re.search(r"^dependencies = \[(.*)\]$", text, flags=re.M)
    assert match
    values["dependencies"] = re.findall(r'"([^"]*)"', match[1])
    extras = text[text.index("[project.optional-dependencies]") :].split("\n\n")[0]
    values["extras"] = {
        name: re.findall(r'"([^"]*)"', items) for name, items in re.findall(r"^(\w+) = \[(.*)\]$", extras, flags=re.M)
    }
    return values


def metadata() -> str:
    p = project()
    lines = [
        "Metadata-Version: 2.1",
        "Name: punctum",
        f"Version: {version()}",
        f"Summary: {p['description']}",
        f"License: {p['license']}",
        f"Requires-Python: {p['requires-python']}",
        *(f"Requires-Dist: {name}" for name in p["dependencies"]),
    ]
    for extra, names in p["extras"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {name}; extra == "{extra}"' for name in names]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def tag() -> str:
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    return f"cp39-abi3-{platform}"


def make() -> Path:
    """Builds the extension with the Python at hand; where it is."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "--no-print-directory", "python-extension", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise SystemExit("punctum: 'make python-extension' failed; the messages above say why")
    return ROOT / "build" / "release" / "python"


def files(built: Path) -> dict:
    """The package: name in the wheel, file."""
    found = {f"punctum/{path.relative_to(PACKAGE).as_posix()}": path for path in sorted(PACKAGE.rglob("*.py"))}
    found["punctum/py.typed"] = PACKAGE / "py.typed"
    found.update({f"punctum/{name}": built / name for name in BUILT})
    return found


def info() -> dict:
    wheel = f"Wheel-Version: 1.0\nGenerator: punctum\nRoot-Is-Purelib: false\nTag: {tag()}\n"
    folder = f"punctum-{version()}.dist-info"
    return {
        f"{folder}/METADATA": metadata().encode(),
        f"{folder}/WHEEL": wheel.encode(),
        f"{folder}/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


def pack(directory: str, contents: dict) -> str:
    name = f"punctum-{version()}-{tag()}.whl"
    record = f"punctum-{version()}.dist-info/RECORD"
    rows = []
    Path(directory).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(Path(directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in contents.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(data)}")
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(".so") else 0o644) << 16
            wheel.writestr(entry, data)
        wheel.writestr(zipfile.ZipInfo(record, (1980, 1, 1, 0, 0, 0)), "\n".join([*rows, f"{record},,", ""]))
    return name


# --- the hooks -------------------------------------------------------------------------------------------------------


def get_requires_for_build_wheel(config_settings: object = None) -> list:
    return []


get_requires_for_build_sdist = get_requires_for_build_editable = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """What pip asks before it builds; without this it would build for the answer."""
    contents = info()
    for name, data in contents.items():
        place = Path(metadata_directory) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return next(iter(contents)).split("/")[0]


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    contents = {name: path.read_bytes() for name, path in files(make()).items()}
    return pack(wheel_directory, {**contents, **info()})


def link(built: Path) -> None:
    """What is built, beside the sources of the package."""
    for name in BUILT:
        place = PACKAGE / name
        if place.is_symlink() or place.exists():
            place.unlink()
        place.symlink_to(built / name)


def build_editable(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    link(make())
    return pack(wheel_directory, {"punctum.pth": f"{PACKAGE.parent}\n".encode(), **info()})


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    base = f"punctum-{version()}"
    Path(sdist_directory).mkdir(parents=True, exist_ok=True)
    paths = [ROOT / name for name in SOURCES]
    for folder in FOLDERS:
        paths += [p for p in sorted((ROOT / folder).rglob("*")) if p.is_file() and p.suffix not in LEFT_OUT]
    archive = Path(sdist_directory) / f"{base}.tar.gz"
    with gzip.GzipFile(archive, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:  # type: ignore
        for path in paths:
            if path.is_symlink() or path.name in BUILT:
                continue
            entry = tar.gettarinfo(str(path), f"{base}/{path.relative_to(ROOT).as_posix()}")
            entry.uid = entry.gid = entry.mtime = 0
            entry.uname = entry.gname = ""
            with path.open("rb") as data:
                tar.addfile(entry, data)
        about = metadata().encode()
        entry = tarfile.TarInfo(f"{base}/PKG-INFO")
        entry.size = len(about)
        tar.addfile(entry, io.BytesIO(about))
    return archive.name


def develop(environment: str) -> None:
    """The package in a virtual environment, by its sources: quick, and without pip."""
    link(make())
    [place] = Path(environment).glob("lib/python*/site-packages")
    (place / "punctum.pth").write_text(f"{PACKAGE.parent}\n", encoding="utf-8")


def main() -> None:
    actions = {"wheel": build_wheel, "sdist": build_sdist, "develop": develop}
    result = actions[sys.argv[1]](sys.argv[2])
    if result:
        print(Path(sys.argv[2]) / result)


if __name__ == "__main__":
    main()
