"""What may lie where a notebook, or something beside one, is expected: things that no copy should wait for."""

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path


def _socket(path: Path) -> None:
    """A socket, whose path may be longer than an address may be."""
    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory() as folder:
        server.bind(f"{folder}/s")
        os.rename(f"{folder}/s", path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300_000_000)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.txt").write_text("inside")


def _device(path: Path) -> None:
    """A device without an end: made by root, and linked to by others."""
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        path.symlink_to("/dev/zero")


#: Ways to make something that is no notebook where one is expected, by name.
INSTEAD: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "folder": _folder,
    "device": _device,
    "link-to-device": lambda path: path.symlink_to("/dev/zero"),
    "link-to-itself": lambda path: path.symlink_to(path.name),
    "link-to-nothing": lambda path: path.symlink_to("/no/such/place"),
    "link-to-no-name": lambda path: path.symlink_to("x" * 300),
    "sparse": _sparse,
}


def _many(folder: Path) -> None:
    for number in range(3000):
        (folder / f"file{number}").touch()


def _deep(folder: Path) -> None:
    """Folders in folders, whose path is longer than any may be."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("deeper" * 40, dir_fd=here)
        inside = os.open("deeper" * 40, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)


def _with(*names: bytes | str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for name in names:
            (folder / os.fsdecode(name)).write_text("<script>alert(1)</script>")

    return make


def _named(name: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: make(folder / name)


def _unreadable(folder: Path) -> None:
    (folder / "secret.txt").write_text("x")
    (folder / "secret.txt").chmod(0)


#: Ways to put something beside a sound notebook, by name. Each gets the folder.
BESIDE: dict[str, Callable[[Path], None]] = {
    **{f"{what}-beside": _named("beside", make) for what, make in INSTEAD.items()},
    **{f"{what}-as-timestamp": _named("timestamp.txt", make) for what, make in INSTEAD.items()},
    "pipe-as-secret": _named("submission_secret.txt", os.mkfifo),
    "pipe-as-other-notebook": _named("draft.ipynb", os.mkfifo),
    "folder-as-other-notebook": _named("draft.ipynb", _folder),
    "scripts": _with("evil.js", "index.html", "01_mask.html"),
    "controls": _with("a\nb\x1b[31m.txt", "\u202egnp.exe", " ", "-rf"),
    "no-text": _with(b"\xff\xfe\x80.txt", b"\xed\xa0\x80.ipynb"),
    "unreadable": _unreadable,
    "many": _many,
    "deep": _deep,
    "files-of-nbgrader": _with("feedback", "01_mask_files", "gradebook.db", "nbgrader_config.py", "__init__.py"),
}
