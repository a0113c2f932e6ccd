"""Makes punctum/_declarations.py (ctypes) and layout.c from C headers: declare.py OUTPUT_DIRECTORY INCLUDE_DIRECTORY
HEADER...

Signatures, structures and constants come from the headers alone. The headers of the project are C in a plain style: a
statement ends with ';', structures are typedefs, types are words with stars. What does not follow it is an error
here, not at run time. layout.c asserts that the compiler agrees on size and offsets of every structure.
"""

import ctypes
import importlib.util
import re
import sys
from pathlib import Path

NUMBERS = {
    "double": "c_double",
    "float": "c_float",
    "int": "c_int",
    "bool": "c_bool",
    "char": "c_char",
    "size_t": "c_size_t",
    "int8_t": "c_int8",
    "uint8_t": "c_uint8",
    "int16_t": "c_int16",
    "uint16_t": "c_uint16",
    "int32_t": "c_int32",
    "uint32_t": "c_uint32",
    "int64_t": "c_int64",
    "uint64_t": "c_uint64",
    "long": "c_long",
    "unsigned": "c_uint",
}
KNOWN = {"UINT32_MAX": 2**32 - 1, "SIZE_MAX": 2**64 - 1, "INT32_MAX": 2**31 - 1}


def strip(text: str) -> str:
    """Statements alone: no comments, no preprocessor, no functions with a body."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", " ", text, flags=re.S)
    text = text.replace("\\\n", " ")
    text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.M)
    while True:
        start = text.find("__attribute__")
        if start < 0:
            break
        text = text[:start] + text[closing(text, text.index("(", start), "()") + 1 :]
    text = re.sub(r"\bPM_API\b", " ", text)
    while True:
        match = re.search(r"\bstatic\s+inline\b[^;{]*\{", text)
        if not match:
            return text
        text = text[: match.start()] + text[closing(text, match.end() - 1, "{}") + 1 :]


def closing(text: str, start: int, pair: str) -> int:
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] == pair[0]) - (text[k] == pair[1])
        if depth == 0:
            return k
    raise SystemExit(f"declare.py: no {pair[1]} for {text[start : start + 60]!r}")


def split(text: str, separator: str) -> list:
    """At the separators outside of brackets."""
    parts, depth, begin = [], 0, 0
    for k, c in enumerate(text):
        depth += (c in "({[") - (c in ")}]")
        if c == separator and depth == 0:
            parts.append(text[begin:k].strip())
            begin = k + 1
    parts.append(text[begin:].strip())
    return [part for part in parts if part]


class Headers:
    def __init__(self, include: Path) -> None:
        self.include = include
        self.seen: set = set()
        self.constants: dict = dict(KNOWN)
        self.enums: set = set()
        self.callbacks: set = set()
        self.structs: dict = {}  # name -> fields, in the order in which they are defined
        self.opaque: set = set()
        self.functions: dict = {}  # name -> (result, arguments)

    # --- types ---------------------------------------------------------------------------------------------------

    def plain(self, words: str) -> str:
        name = re.sub(r"\b(const|struct|enum|volatile|restrict)\b", " ", words).split()
        if len(name) != 1:
            raise SystemExit(f"declare.py: what type is {words!r}?")
        return name[0]

    def field(self, words: str, stars: int) -> str:
        name = self.plain(words)
        if stars == 0:
            if name in self.enums:
                return "c_int"
            if name in self.structs:
                return name
            return NUMBERS[name]
        if stars == 1 and name == "char":
            return "c_char_p"
        if stars == 1 and (name in self.structs or name in NUMBERS):
            return f"POINTER({name if name in self.structs else NUMBERS[name]})"
        return "c_void_p"

    def argument(self, words: str, stars: int) -> str:
        if stars == 0:
            return self.field(words, 0)
        return "c_char_p" if stars == 1 and self.plain(words) == "char" and "const" in words else "c_void_p"

    # --- statements ----------------------------------------------------------------------------------------------

    def value(self, text: str) -> int:
        names = {k: v for k, v in self.constants.items() if isinstance(v, int)}
        return int(eval(re.sub(r"\b(\d+)[uUlL]+\b", r"\1", text), {"__builtins__": {}}, names))

    def enum(self, body: str) -> None:
        next_value = 0
        for item in split(body, ","):
            name, _, value = (part.strip() for part in item.partition("="))
            next_value = self.value(value) if value else next_value
            self.constants[name] = next_value
            next_value += 1

    def struct(self, name: str, body: str) -> None:
        fields = []
        for statement in split(body, ";"):
            if "(" in statement:  # a pointer to a function
                match = re.search(r"\(\s*\*\s*(\w+)\s*\)", statement)
                assert match, statement
                fields.append((match[1], "c_void_p"))
                continue
            first, *rest = split(statement, ",")
            match = re.match(r"(.*?)((?:\*|\bconst\b|\s)*)(\w+)((?:\s*\[[^]]*\])*)$", first, flags=re.S)
            assert match, statement
            for declarator in [match[2] + match[3] + match[4], *rest]:
                part = re.match(r"([\s*]*(?:const[\s*]*)*)(\w+)((?:\s*\[[^]]*\])*)$", declarator.strip())
                assert part, declarator
                kind = self.field(match[1], part[1].count("*"))
                for size in reversed(re.findall(r"\[([^]]*)\]", part[3])):
                    kind = f"{kind} * {self.value(self.sized(size))}"
                fields.append((part[2], kind))
        self.opaque.discard(name)
        self.structs[name] = fields

    @staticmethod
    def sized(text: str) -> str:
        return re.sub(r"sizeof\s*\(\s*double\s*\)", "8", text).replace("/", "//")

    def function(self, name: str, result: str, arguments: str) -> None:
        kinds = []
        for argument in [] if arguments.strip() == "void" else split(arguments, ","):
            if argument == "...":
                return  # not for Python
            if "(" in argument:
                kinds.append("c_void_p")
                continue
            match = re.match(r"(.*?)(\w+)?((?:\[[^]]*\])*)$", argument, flags=re.S)
            assert match, argument
            words, called, arrays = match.groups()
            if not words.strip() or self.is_type(called):
                words, called = f"{words} {called or ''}", None
            base = words.replace("*", " ")
            if self.plain(base) in self.callbacks:
                kinds.append("c_void_p")
            else:
                kinds.append(self.argument(base, words.count("*") + arrays.count("[")))
        stars, base = result.count("*"), result.replace("*", " ")
        if stars:
            kind = self.field(base, stars)
        else:
            kind = "None" if self.plain(base) == "void" else self.field(base, 0)
        self.functions[name] = (kind, kinds)

    def is_type(self, word: str) -> bool:
        return word in NUMBERS or word in self.enums or word in self.structs or word in self.opaque

    def statement(self, text: str) -> None:
        text = " ".join(text.split())
        if match := re.match(r"(?:typedef )?enum ?(\w*) ?\{(.*)\} ?(\w*)$", text):
            self.enum(match[2])
            self.enums.update(name for name in (match[1], match[3]) if name)
        elif match := re.match(r"(?:typedef )?struct (\w+) ?\{(.*)\} ?\w*$", text):
            self.struct(match[1], match[2])
        elif match := re.match(r"(?:typedef )?struct (\w+)(?: \w+)?$", text):
            if match[1] not in self.structs:
                self.opaque.add(match[1])
        elif match := re.match(r"typedef [\w *]+?\(? ?\*? ?(\w+) ?\)? ?\(.*\)$", text):
            self.callbacks.add(match[1])
        elif match := re.match(r"static const \w+ (\w+) = (.*)$", text):
            self.constants[match[1]] = self.value(match[2])
        elif text.startswith("extern "):
            pass  # data is not used from Python
        elif match := re.match(r"([\w *]+?) ?(\w+) ?\((.*)\)$", text):
            self.function(match[2], match[1], match[3])
        else:
            raise SystemExit(f"declare.py: not understood: {text}")

    def read(self, path: Path) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^#include <(punctum/\w+\.h)>$", text, flags=re.M):
            self.read(self.include / name)
        for name, value in re.findall(r"^#define (PM_\w+) (\"[^\"]*\"|\w+)$", text, flags=re.M):
            self.constants[name] = value[1:-1] if value[0] == '"' else self.value(value)
        for statement in split(strip(text), ";"):
            self.statement(statement)

    # --- output --------------------------------------------------------------------------------------------------

    def python(self) -> str:
        lines = [
            '"""Made by declare.py from the C headers: do not edit."""',
            "",
            "from ctypes import *",
            "from typing import Any",
            "",
            "constants: dict[str, Any] = {",
        ]
        lines += [f"    {name!r}: {value!r}," for name, value in self.constants.items() if name not in KNOWN]
        lines += ["}", ""]
        for name, fields in self.structs.items():
            lines += [f"class {name}(Structure):", "    _fields_ = ["]
            lines += [f"        ({field!r}, {kind})," for field, kind in fields]
            lines += ["    ]", ""]
        lines += ["structures: dict[str, Any] = {"]
        lines += [f"    {name!r}: {name}," for name in self.structs]
        lines += ["}", "functions: dict[str, tuple[Any, list[Any]]] = {"]
        lines += [f"    {name!r}: ({kind}, [{', '.join(kinds)}])," for name, (kind, kinds) in self.functions.items()]
        return "\n".join([*lines, "}", ""])


def layout(module_path: Path, headers: list) -> str:
    spec = importlib.util.spec_from_file_location("declarations", module_path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = ["/* Made by declare.py: the compiler and ctypes agree on every structure. */"]
    lines += [f'#include "{Path(header).resolve()}"' for header in headers]
    lines += ["#include <stddef.h>"]
    for name, kind in module.structures.items():
        lines.append(f'_Static_assert(sizeof({name}) == {ctypes.sizeof(kind)}, "{name}");')
        for field, *_ in kind._fields_:
            at = getattr(kind, field).offset
            lines.append(f'_Static_assert(offsetof({name}, {field}) == {at}, "{name}.{field}");')
    return "\n".join([*lines, ""])


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    headers = Headers(Path(sys.argv[2]))
    for path in sys.argv[3:]:
        headers.read(Path(path))
    module = folder / "_declarations.py"
    module.write_text(headers.python(), encoding="utf-8")
    (folder / "layout.c").write_text(layout(module, sys.argv[3:]), encoding="utf-8")


if __name__ == "__main__":
    main()
