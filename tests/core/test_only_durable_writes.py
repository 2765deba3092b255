"""Every write goes through `core/durable.py`: a walk over the source that fails on any other."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "assay"

#: Methods and functions that write whatever object they are called on.
WRITING_NAMES = {
    "mkdir", "makedirs", "write_text", "write_bytes", "touch", "unlink", "rmdir", "removedirs", "rmtree",
    "copyfile", "copytree", "copy2", "symlink_to", "hardlink_to", "symlink", "mkfifo", "truncate",
    "ftruncate", "savez", "savez_compressed", "savetxt", "tofile", "save_file", "urlretrieve", "extractall",
    "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile",
}  # fmt: skip

#: Functions of these modules that write; elsewhere their names mean other things.
WRITING_IN = {
    "os": {"rename", "replace", "remove", "open", "link", "write", "pwrite"},
    "shutil": {"move", "copy", "copyfileobj"},
    "np": {"save"},
    "torch": {"save"},
    "json": {"dump"},
    "tomli_w": {"dump"},
}

#: Each exception has its reason. (file, name): why it does not write what a user keeps.
ALLOWED = {
    ("cli/start.py", "os.write"): "one line to stderr, where no other module is loaded yet",
    ("cli/streams.py", "open"): "nothing: the null device in place of a closed stream",
    ("cli/streams.py", "os.open"): "nothing: the null device in place of a closed stream",
    ("data/checked_images.py", "os.open"): "opens for reading only, to be read at any place",
    ("data/convert.py", "np.savez_compressed"): "writes into memory; `durable` writes the bytes",
    ("data/stored_rows.py", "os.open"): "opens for reading only, to be read at any place",
    ("data/formats/safe_open.py", "os.open"): "opens for reading only, without waiting for a pipe",
    ("workflow/engines/on_ray.py", "os.fdopen"): "its own stdout, under another number",
    ("workflow/engines/ray_folder.py", "TemporaryDirectory"): "no result: a place for Ray's sockets and logs",
    ("workflow/own_models/given_probabilities.py", "np.savez"): "into memory; `durable` writes the bytes",
}


def writing_calls(source: str) -> list[str]:
    """The calls in `source` that write to the disk, by name."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [name for call in calls if (name := _writes(call))]


def _writes(call: ast.Call) -> str | None:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = function.value if isinstance(function, ast.Attribute) else None
    module = owner.id if isinstance(owner, ast.Name) else ""
    if module == "durable" or (module == "files" and name == "joinpath"):
        return None
    if name in WRITING_NAMES or name in WRITING_IN.get(module, ()):
        return f"{module}.{name}".strip(".")
    if name in ("open", "ZipFile", "GzipFile", "fdopen", "memmap") and _mode_writes(call):
        return f"{module}.{name}".strip(".")
    return None


def _mode_writes(call: ast.Call) -> bool:
    """Is any argument a mode that writes? A mode that cannot be read off the source counts as writing."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
    modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    computed = [k.value for k in call.keywords if k.arg == "mode" and not isinstance(k.value, ast.Constant)]
    return bool(computed) or any(set(m) & set("wax+") and set(m) <= set("rwaxbt+") for m in modes)


def test_nothing_but_durable_writes() -> None:
    """No module but `core/durable.py` creates, changes, renames or removes anything on the disk."""
    found = {
        (file.relative_to(SOURCE).as_posix(), name)
        for file in sorted(SOURCE.rglob("*.py"))
        for name in writing_calls(file.read_text("utf-8"))
    }
    outside = {entry for entry in found if entry[0] not in ("core/durable.py", "core/files.py")}
    assert outside == ALLOWED.keys()
    assert ("core/files.py", "os.open") in found


def test_nothing_but_durable_uses_the_calls() -> None:
    """The calls themselves are used by `core/durable.py` alone: nobody else imports them."""
    users = {
        file.relative_to(SOURCE).as_posix()
        for file in sorted(SOURCE.rglob("*.py"))
        if "assay.core.files" in file.read_text("utf-8")
    }
    assert users == {"core/durable.py"}


@pytest.mark.parametrize(
    "line",
    [
        "open('file.txt', 'w')",
        "open('file.txt', mode='ab')",
        "open('file.txt', mode=how)",
        "path.open('r+b')",
        "path.write_text('x')",
        "Path('file.txt').mkdir()",
        "os.replace(a, b)",
        "shutil.rmtree(a)",
        "np.save('a', b)",
        "json.dump(a, b)",
        "safetensors.numpy.save_file(a, b)",
        "zipfile.ZipFile('file.txt', 'w')",
        "tempfile.NamedTemporaryFile()",
        "os.fdopen(3, 'wb')",
        "np.memmap('file.txt', np.uint8, 'r+')",
    ],
)
def test_the_walk_finds_writing(line: str) -> None:
    """Each of the usual ways to write is found where it is planted."""
    assert writing_calls(line)


@pytest.mark.parametrize(
    "line",
    [
        "open('file.txt')",
        "open('file.txt', 'rb')",
        "path.open('rb')",
        "Image.open(file)",
        "text.replace('a', 'b')",
        "durable.write_text(path, 'x')",
        "durable.remove(path)",
        "json.dumps(a)",
        "safetensors.numpy.save(weights)",
        "zipfile.ZipFile('file.txt')",
        "np.memmap('file.txt', np.uint8, 'r')",
        "stack.remove(3)",
    ],
)
def test_the_walk_is_silent_on_reading(line: str) -> None:
    """Reading, texts and lists are no writing."""
    assert not writing_calls(line)
