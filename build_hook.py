"""Builds the wheel: everything in it lives under one name, ``mailmetrics``.

In the checkout the apps are the top-level packages ``campaigns``, ``apikeys`` and ``analytics``. An
installed package may not take such names from its host, so here they move under ``mailmetrics``,
and each reference to one of their modules moves with them: imports, and dotted names in strings
and comments. A dotted name counts if its first two parts name a module; "campaigns.csv" does not.
App labels, and with them tables and migrations, stay. An editable install is the checkout itself.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NAMESPACE = "mailmetrics"
# config is the runnable site, which `python -m mailmetrics` runs as manage.py does in the checkout.
PACKAGES = ("campaigns", "apikeys", "analytics", "config")
LEFT_OUT = {"config/demo.py"}

_DOTTED = re.compile(rf"(?<![\w.])(?P<package>{'|'.join(PACKAGES)})\.(?P<module>\w+)")
_TEXTS = {
    tokenize.COMMENT,
    tokenize.STRING,
    getattr(tokenize, "FSTRING_MIDDLE", -1),  # from Python 3.12 on
}


class NamespaceHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        self.folder = TemporaryDirectory()
        target = Path(self.folder.name)
        write_package(target / NAMESPACE)
        build_data["force_include"][str(target / NAMESPACE)] = NAMESPACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version == "standard":
            self.folder.cleanup()


def write_package(target: Path) -> None:
    for source in sorted(_files()):
        write_published(source, target / source.relative_to(ROOT))
    write_published(ROOT / "manage.py", target / "__main__.py")
    (target / "__init__.py").write_text('"""Email campaign analytics for Django."""\n')
    (target / "py.typed").touch()


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            hidden = path.suffix == ".pyc" or path.relative_to(ROOT).as_posix() in LEFT_OUT
            if path.is_file() and not hidden:
                yield path


def write_published(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".py":
        target.write_text(published(source.read_text("utf-8")), "utf-8")
    else:
        target.write_bytes(source.read_bytes())


def published(source: str) -> str:
    """A module's source with its references to the packages' modules moved under NAMESPACE."""
    lines = source.splitlines(keepends=True)
    places = {*_imports(ast.parse(source), lines), *_dotted_names(source)}
    for row, column in sorted(places, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}{NAMESPACE}.{line[column:]}"
    return "".join(lines)


def _imports(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where the name of a package stands in code, as (row, column)."""
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(node.module or ""):
            yield node.lineno, lines[node.lineno - 1].index("from", node.col_offset) + len("from ")
        elif isinstance(node, ast.Import):
            for alias in filter(lambda alias: _is_ours(alias.name), node.names):
                yield alias.lineno, alias.col_offset
                bound |= set() if alias.asname else {alias.name.partition(".")[0]}
    # `import campaigns.fields`, as makemigrations writes it, is used by its whole name.
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in bound:
            yield node.lineno, node.col_offset


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


def _dotted_names(source: str) -> Iterator[tuple[int, int]]:
    """Where the name of a module stands in a string or a comment, as (row, column)."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in _TEXTS:
            row, column = token.start
            for number, line in enumerate(token.string.split("\n")):
                for start, _ in unpublished_names(line):
                    yield row + number, start + (column if number == 0 else 0)


def unpublished_names(text: str) -> list[tuple[int, str]]:
    """Each dotted name of a module of ours that lacks NAMESPACE, with where it starts."""
    found = filter(_names_a_module, _DOTTED.finditer(text))
    return [(each.start(), each.group()) for each in found]


def _names_a_module(found: re.Match[str]) -> bool:
    path = ROOT / found["package"] / found["module"]
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
