# SPDX-License-Identifier: BSD-3-Clause
"""What the lint scripts share: which files there are, C without comments, functions, a selftest."""

import re
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".cache", ".vscode"}


def files(root, *suffixes):
    """All files of the project below root with one of the suffixes (all when none is given)."""
    found = []
    for path in sorted(Path(root).rglob("*")):
        parts = path.relative_to(root).parts
        if SKIPPED_FOLDERS & set(parts) or not path.is_file() or path.is_symlink():
            continue
        if (Path(root) / parts[0] / "build.ninja").exists():
            continue  # a build folder under another name
        if not suffixes or path.suffix in suffixes:
            found.append(path)
    return found


def shebang(path):
    with open(path, "rb") as f:
        first = f.readline(200)
    return first.decode("ascii", "replace").strip() if first.startswith(b"#!") else ""


def shell_scripts(root):
    return [p for p in files(root) if p.suffix == ".sh" or re.search(r"\b(ba|da)?sh$", shebang(p))
            or (p.suffix == "" and "shellcheck shell=" in head(p))]


def python_scripts(root):
    return [p for p in files(root) if p.suffix == ".py" or "python" in shebang(p)]


def head(path, n_bytes=400):
    with open(path, "rb") as f:
        return f.read(n_bytes).decode("utf-8", "replace")


def text(path):
    return Path(path).read_text(encoding="utf-8", errors="replace")


_COMMENT_OR_LITERAL = re.compile(
    r"//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(code, literals=True):
    """The C text with comments (and the insides of literals) turned to spaces, lines kept."""
    def spaces(match):
        s = match.group(0)
        if s[0] in "\"'":
            return s if not literals else s[0] + re.sub(r"[^\n]", " ", s[1:-1]) + s[0]
        return re.sub(r"[^\n]", " ", s)
    return _COMMENT_OR_LITERAL.sub(spaces, code)


def _balanced(lines):
    body = "".join(lines)
    return body.count("{") == body.count("}")


def without_preprocessor(code):
    """Blanked C text without directives. Where the branches of an #if open different numbers of
    braces only the first one stays, so that braces match."""
    out = []
    groups = []  # per open #if: where each of its branches starts in out

    def close_group(starts):
        ends = starts[1:] + [len(out)]
        if all(_balanced(out[a:b]) for a, b in zip(starts, ends)):
            return
        for i in range(ends[0], len(out)):
            out[i] = "\n"

    continued = False
    for line in code.splitlines(keepends=True):
        directive = re.match(r"\s*#\s*(\w*)", line)
        if continued or directive:
            word = directive.group(1) if directive and not continued else ""
            continued = line.rstrip("\n").endswith("\\")
            if word in ("if", "ifdef", "ifndef"):
                groups.append([len(out)])
            elif word in ("else", "elif") and groups:
                groups[-1].append(len(out))
            elif word == "endif" and groups:
                close_group(groups.pop())
            out.append("\n")
        else:
            out.append(line if line.endswith("\n") else line + "\n")
    return "".join(out)


Function = namedtuple("Function", "name line n_lines n_parameters body body_line")

_HEAD_NOISE = re.compile(r"__attribute__\s*\(\(.*?\)\)|_Static_assert\s*\(.*?\)\s*;|"
                         r"_Alignas\s*\(.*?\)", re.S)


def _count_parameters(parameters):
    depth, n = 0, 1
    for c in parameters:
        depth += (c in "([{") - (c in ")]}")
        n += c == "," and depth == 0
    return 0 if parameters.strip() in ("", "void") else n


def _matching(code, i, opening, closing):
    """Index of the bracket that closes the one at i."""
    depth = 0
    for match in re.compile(re.escape(opening) + "|" + re.escape(closing)).finditer(code, i):
        depth += 1 if match.group(0) == opening else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def _function_head(declaration):
    """(name, parameters) when the text before a brace is the head of a function, else None."""
    plain = _HEAD_NOISE.sub(lambda m: " " * len(m.group(0)), declaration)
    match = re.search(r"\b([A-Za-z_]\w*)\s*\(", plain)
    if not match or "=" in plain[:match.start()]:
        return None
    end = _matching(plain, match.end() - 1, "(", ")")
    rest = plain[end + 1:].strip()
    if rest.startswith("=") or rest.endswith("="):
        return None
    return match.group(1), plain[match.end():end]


def functions(path):
    """The functions that a C file defines."""
    code = without_preprocessor(blank(text(path)))
    found, i, start = [], 0, 0
    token = re.compile(r"[{};]")
    while True:
        match = token.search(code, i)
        if not match:
            return found
        i = match.end()
        if match.group(0) != "{":
            start = i
            continue
        declaration = code[start:match.start()]
        if re.search(r"\bextern\s*\"\s*\"\s*$", declaration):
            start = i
            continue
        end = _matching(code, match.start(), "{", "}")
        head_parts = _function_head(declaration)
        if head_parts:
            first = start + len(declaration) - len(declaration.lstrip())
            line = code.count("\n", 0, first) + 1
            found.append(Function(head_parts[0], line, code.count("\n", first, end) + 1,
                                  _count_parameters(head_parts[1]), code[match.start():end + 1],
                                  code.count("\n", 0, match.start()) + 1))
            start = end + 1
        i = end + 1  # what follows a struct's or an initialiser's brace ends at its semicolon


class Report:
    """Collects `file:line: message`."""

    def __init__(self, root):
        self.root, self.messages = Path(root), []

    def add(self, path, line, message):
        self.messages.append(f"{Path(path).relative_to(self.root)}:{line}: {message}")


def selftest(check, clean, broken):
    """Feeds check(root) -> [messages] a clean tree, which must pass, and then that tree with each
    broken file in it: ({path: content}, what a message must contain)."""
    failures = 0
    for extra, expected in [({}, None)] + broken:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {**clean, **extra}.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
                if content.startswith("#!"):
                    path.chmod(0o755)
            messages = check(folder)
        if expected is None and messages:
            print("selftest: objects to a clean tree:", *messages, sep="\n  ")
            failures += 1
        elif expected is not None and not any(expected in m for m in messages):
            print(f"selftest: {', '.join(extra)} should be refused with «{expected}», got",
                  messages or "nothing")
            failures += 1
    print(f"{len(broken) + 1 - failures} of {len(broken) + 1} selftests passed")
    return 1 if failures else 0


def main(check, clean, broken):
    """The command line of a lint script: the root of the project, or --selftest. Further arguments
    are the script's own."""
    if len(sys.argv) < 2:
        print(f"usage: {sys.argv[0]} ROOT | --selftest", file=sys.stderr)
        return 2
    if sys.argv[1] == "--selftest":
        return selftest(check, clean, broken)
    messages = check(sys.argv[1])
    for message in messages:
        print(message)
    return 1 if messages else 0
