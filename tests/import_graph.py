"""The import graph of a package, read from its source, imports inside functions included."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

Graph = Mapping[str, set[str]]


@cache
def import_graph(source: Path) -> dict[str, set[str]]:
    """Module -> modules of the same package that it imports, anywhere in its text. source: the folder above
    the package. Raises LookupError for an import of a module that is not there."""
    files = {_module(source, file): file for file in source.rglob("*.py")}
    return {module: set(_imports(module, file, files)) for module, file in files.items()}


def _module(source: Path, file: Path) -> str:
    parts = file.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(module: str, file: Path, files: Mapping[str, Path]) -> Iterator[str]:
    package = module.partition(".")[0]
    for node in _outside_type_checking(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for name, part in names:
            if name.partition(".")[0] == package:
                yield _found(module, name, part, files)


def _outside_type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _outside_type_checking(node)


def _found(module: str, name: str, part: str, files: Mapping[str, Path]) -> str:
    for candidate in (f"{name}.{part}", name):
        if candidate in files:
            return candidate
    raise LookupError(f"{module} imports {name}, which is not there")


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of more than one module, or of one that imports itself (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], number[other])
        if lowest[module] == number[module]:
            place = stack.index(module)
            component = sorted(stack[place:])
            del stack[place:]
            if len(component) > 1 or module in graph[module]:
                found.append(component)

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return found


def arrows_up(graph: Graph, layers: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Imports that do not point down. layers: rooms from top to bottom; those of one line know none of each
    other. Modules outside the rooms are left out."""
    floor = {room: place for place, line in enumerate(layers) for room in line}

    def room_of(module: str) -> str | None:
        return next((room for room in floor if module == room or module.startswith(f"{room}.")), None)

    return sorted(
        (module, other)
        for module, others in graph.items()
        for other in others
        if (one := room_of(module)) and (two := room_of(other)) and one != two and floor[two] <= floor[one]
    )
