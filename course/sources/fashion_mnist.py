"""Fashion-MNIST where Keras looks for it: 70,000 pictures of clothing (Xiao, Rasul & Vollgraf 2017).

The notebooks call `keras.datasets.fashion_mnist.load_data()`, as everyone does. `prepare` sees to it that this
works: it fills Keras's cache from a local copy, from Keras's own source, or from Debian's package
`dataset-fashion-mnist`, which is unpacked without being installed. What is in the cache is verified first.
`python -m course.sources.fashion_mnist` does the same from a terminal; with `--here` it only says what is there.
"""

import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from course.sources.datasets import VARIABLE, DataError, keras_cache

PACKAGE = "dataset-fashion-mnist"
#: SHA-256 of the unpacked files: the packed ones differ from source to source, their contents do not.
FILES = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
#: Where an installed Debian package has the files, below the root or below where it was unpacked.
_INSTALLED = Path("usr/share/datasets/fashion-mnist")
#: Seconds after which a source that does not answer is given up, and after which any source is.
PATIENCE, LIMIT = 20, 900
#: In a process of its own: Keras sets no time limit, so a network that drops packets would make it hang for ever.
_DOWNLOAD = f"import socket, keras; socket.setdefaulttimeout({PATIENCE}); keras.datasets.fashion_mnist.load_data()"


def prepare(folder: Path | None = None) -> Path:
    """Make sure that Keras's cache holds Fashion-MNIST, undamaged; returns the folder.

    folder: the cache, by default Keras's own. A damaged file in it is named, removed and fetched again.
    Raises DataError with what to do when no source has the files.
    """
    folder = folder or cache()
    missing = lacking(folder)
    for name in sorted(missing):
        if (folder / name).exists():
            (folder / name).unlink()
            print(f"{name} in Keras's cache is damaged. It is fetched again.")
    for words, found in _sources():
        if not missing:
            break
        with found as place:
            for name in sorted(missing):
                if place and _whole(place / name):
                    _copy(place / name, folder / name)
                    missing = missing - {name}
                    print(f"{name}: from {words}.")
    if missing:
        raise DataError(
            f"Fashion-MNIST is not on this machine and could not be fetched. Connect to the network and run this "
            f"again, or install Debian's package {PACKAGE}, or set {VARIABLE} to a folder with {min(missing)} and "
            "the other three files."
        )
    return folder


def lacking(folder: Path) -> set[str]:
    """The names of those files that are not in the folder, or are damaged."""
    return {name for name in FILES if not _whole(folder / name)}


def cache() -> Path:
    """The folder where Keras keeps Fashion-MNIST."""
    return keras_cache() / "datasets" / "fashion-mnist"


def _sources() -> Iterator[tuple[str, contextlib.AbstractContextManager[Path | None]]]:
    """Where the files may be, from near to far: pairs of words and a context that gives a folder, or None."""
    local = os.environ.get(VARIABLE)
    if local:
        yield f"the folder {VARIABLE} names", contextlib.nullcontext(Path(local))
        yield f"the folder {VARIABLE} names", contextlib.nullcontext(Path(local) / "fashion-mnist")
    yield f"the installed package {PACKAGE}", contextlib.nullcontext(Path("/") / _INSTALLED)
    yield "Keras's source", _downloaded()
    yield f"Debian's package {PACKAGE}", _unpacked()


@contextlib.contextmanager
def _downloaded() -> Iterator[Path | None]:
    """A folder into which Keras has downloaded what it could."""
    with contextlib.suppress(subprocess.SubprocessError, OSError):  # no network: the next source may do
        subprocess.run([sys.executable, "-c", _DOWNLOAD], capture_output=True, timeout=LIMIT, check=False)
    yield cache()


@contextlib.contextmanager
def _unpacked() -> Iterator[Path | None]:
    """A folder into which Debian's package was unpacked; needs apt-get and dpkg, and no root."""
    place = None
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # apt's own user reads it, or apt complains
        if shutil.which("apt-get") and shutil.which("dpkg"):
            run = {"cwd": folder, "capture_output": True, "timeout": LIMIT, "check": True}
            patience = ["-o", f"Acquire::http::Timeout={PATIENCE}", "-o", f"Acquire::https::Timeout={PATIENCE}"]
            with contextlib.suppress(subprocess.SubprocessError, OSError):
                subprocess.run(["apt-get", *patience, "download", PACKAGE], **run)
                subprocess.run(["dpkg", "-x", *map(str, Path(folder).glob("*.deb")), "."], **run)
                place = Path(folder) / _INSTALLED
        yield place


def _whole(path: Path) -> bool:
    """Whether a packed file exists and has the right contents."""
    try:
        with gzip.open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest() == FILES[path.name]
    except (OSError, EOFError, zlib.error):
        return False


def _copy(source: Path, target: Path) -> None:
    """Copy in one step, so that an interruption leaves no half file."""
    if source == target:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    shutil.copyfile(source, draft)
    os.replace(draft, target)


def main(arguments: list[str]) -> int:
    """Prepare the data from a terminal, or only look; returns the process's exit code."""
    try:
        folder = cache()
        if missing := lacking(folder):
            if "--here" in arguments:
                raise DataError(
                    f"Fashion-MNIST is not in Keras's cache, which notebook 04 needs ({min(missing)} is missing or "
                    "damaged). Run: make lab, with a network connection"
                )
            print("Fetching Fashion-MNIST for notebook 04, 30 MB ...", flush=True)
            prepare(folder)
        print(f"Fashion-MNIST: {len(FILES)} of {len(FILES)} files verified in Keras's cache.")
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
