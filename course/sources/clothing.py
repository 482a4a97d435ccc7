"""Photographs of clothing in ten classes, and the weights of a network trained on photographs.

The photographs are a subset of the clothing dataset (A. Grigorev and 32 contributors, 2020, CC0), as the archive of
one commit; the weights are those of Xception (Chollet 2017), trained on ImageNet, without its classifier. Neither
enters this repository. `python -m course.sources.clothing` prepares both: from the folder that DROPOUT_DATA names,
from Keras's cache, or from their publishers. With `--here` it fetches nothing and says what there is.

This module imports no Keras before it has to, so that `autograder doctor` may ask it.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import socket
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from course.sources.datasets import VARIABLE, DataError, keras_cache

SPLITS = ("train", "validation", "test")
CLASSES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
#: To how many pixels on each side photographs are scaled before a network sees them.
SIDE = 150
#: Photographs in each folder of SPLITS.
COUNTS = {"train": 3_068, "validation": 341, "test": 372}
COMMIT = "11961516512414bf9f6c150a832cfd21b54a6b54"
SOURCE = f"https://codeload.github.com/alexeygrigorev/clothing-dataset-small/zip/{COMMIT}"
ARCHIVE = "clothing-dataset-small.zip"
#: SHA-256 of all photographs, in the order of their names, as `contents` computes it. The archive's own bytes are
#: made anew by its host and may differ.
CONTENTS = "9891c58b80b1001769ae2f4a15b9c5bd575ff9b5903c1d5f15bed423f6522b6a"
WEIGHTS = "xception_imagenet_notop.weights.h5"
#: The same weights as Keras's loader keeps them.
KERAS_WEIGHTS = "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"
#: Each file with its checksum. Keras publishes MD5 for its own, and verifies it when it loads.
CHECKSUMS = {
    WEIGHTS: ("sha256", "c51edf65daf73e3039178bb3c0fe422245dde203bfa7500bbdba74ee409817ae"),
    KERAS_WEIGHTS: ("md5", "b0042744bf5b25fce3cb969f33bebb97"),
}
#: The environment variable that stops notebooks from showing photographs, even where there are some.
HIDDEN = "DROPOUT_NO_PHOTOGRAPHS"
#: Seconds after which a source that does not answer is given up.
PATIENCE = 60


@dataclass(frozen=True)
class Photographs:
    """An archive that was verified. path: of the zip file. names: such as "train/hat/06a0.jpg", sorted."""

    path: Path
    names: tuple[str, ...]

    @contextlib.contextmanager
    def opened(self) -> Iterator[Callable[[str], bytes]]:
        """A function that gives the JPEG file of a name. It raises DataError for one that cannot be read."""
        with _opened(self.path) as archive:
            members = _members(archive)
            yield lambda name: _read(archive, members[name], name, self.path)

    def picture(self, name: str) -> Image.Image:
        """One photograph, to be looked at."""
        with self.opened() as read:
            return Image.open(io.BytesIO(read(name))).convert("RGB")


def label(name: str) -> int:
    """The class of a photograph, from its name: a position in CLASSES."""
    return CLASSES.index(name.split("/")[1])


def verified(path: Path) -> Photographs:
    """The photographs in an archive, each read and compared with the published ones.

    Raises DataError that names what is wrong: the archive is cut off, a class folder is missing, a photograph
    cannot be read, or these are other photographs.
    """
    with _opened(path) as archive:
        members = _members(archive)
        folders = {name.rpartition("/")[0] for name in members}
        for folder in (f"{split}/{name}" for split in SPLITS for name in CLASSES):
            if folder not in folders:
                raise DataError(f"{path} has no photographs in its folder {folder}.")
        found = hashlib.sha256()
        for name, member in members.items():
            data = _read(archive, member, name, path)
            found.update(f"{name}\0{len(data)}\0".encode() + data)
        if found.hexdigest() != CONTENTS:
            # Whether one of them is broken takes much longer to find out, and is of interest only now.
            for name, member in members.items():
                _decode(_read(archive, member, name, path), name, path)
            raise DataError(f"The {len(members):,} photographs in {path} are not the published ones.")
    return Photographs(path, tuple(members))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path} is cut off or is not a zip archive.") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The photographs' entries by name, sorted, without the archive's outermost folder."""
    found = {}
    for member in archive.infolist():
        _, _, name = member.filename.partition("/")
        if re.fullmatch(rf"({'|'.join(SPLITS)})/({'|'.join(CLASSES)})/[^/]+\.jpg", name):
            found[name] = member
    return dict(sorted(found.items()))


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, path: Path) -> bytes:
    try:
        return archive.read(member)
    except Exception as error:  # zipfile raises whatever its decompressor does
        raise DataError(f"The photograph {name} in {path} cannot be read: the archive is damaged there.") from error


def _decode(data: bytes, name: str, path: Path) -> None:
    try:
        Image.open(io.BytesIO(data)).load()
    except Exception as error:  # Pillow raises many kinds
        raise DataError(f"The photograph {name} in {path} is not a picture that can be read.") from error


def find() -> tuple[Photographs | None, Path | None, list[str]]:
    """What is on this machine, verified, without any network: photographs, weights, and what is wrong.

    The last are sentences, one for each file that is there but cannot be used.
    """
    wrong: list[str] = []
    return _first(_archives(), verified, wrong), _first(_weight_files(), _whole_weights, wrong), wrong


def prepare() -> tuple[Photographs, Path]:
    """Make sure that photographs and weights are on this machine, undamaged; returns both, the weights as a path.

    A damaged file is named; if it is in Keras's cache it is removed and fetched again.
    Raises DataError, which says what to do, when they cannot be found or fetched.
    """
    for place, verify in ((_archives()[-1], verified), (_weight_files()[-1], _whole_weights)):
        try:
            if place.is_file():
                verify(place)
        except DataError as error:
            place.unlink()
            print(f"{error} It was removed and is fetched again.")
    photographs, weights, wrong = find()
    for sentence in wrong:
        print(sentence)
    if photographs is None:
        photographs = _fetched(_fetch_archive, _archives, verified, ARCHIVE)
    if weights is None:
        weights = _fetched(_fetch_weights, _weight_files, _whole_weights, WEIGHTS)
    return photographs, weights


def _local() -> list[Path]:
    return [Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else []


def _archives() -> list[Path]:
    """Where the archive may be; Keras's cache comes last."""
    return [folder / ARCHIVE for folder in (*_local(), keras_cache() / "datasets")]


def _weight_files() -> list[Path]:
    """Where the weights may be; Keras's cache comes last."""
    return [*(folder / WEIGHTS for folder in _local()), keras_cache() / "models" / KERAS_WEIGHTS]


def _first(places: list[Path], verify, wrong: list[str]):
    """What `verify` makes of the first place that has it whole; what is wrong with others goes into the list."""
    for place in places:
        if place.exists():
            try:
                return verify(place)
            except DataError as error:
                wrong.append(str(error))
    return None


def _whole_weights(path: Path) -> Path:
    """The same path. Raises DataError for a file with other bytes than the weights'."""
    kind, expected = CHECKSUMS[path.name]
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, kind).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read.") from error
    if found != expected:
        raise DataError(f"{path} does not hold Xception's weights: its checksum differs.")
    return path


def _fetched(fetch, places, verify, name: str):
    """What `verify` makes of a file after `fetch` has put it into the cache."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)  # a network that drops packets would hang it
    reason = ""
    try:
        fetch()
    except Exception as error:  # no network, no answer, a proxy's page, a full disk: named below
        reason = f" ({type(error).__name__})"
    finally:
        socket.setdefaulttimeout(before)
    wrong: list[str] = []
    found = _first(places()[-1:], verify, wrong)
    if found is None:
        with contextlib.suppress(OSError):
            places()[-1].unlink()
        what = wrong[0] if wrong else f"{name} is not on this machine and could not be fetched{reason}."
        raise DataError(
            f"{what} Connect to the network and run 'python -m course.sources.clothing' again, or set "
            f"{VARIABLE} to a folder that has {name}."
        )
    return found


def _fetch_archive() -> None:
    """Download the archive into the cache, in one step: an interruption leaves no half file."""
    target = keras_cache() / "datasets" / ARCHIVE
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        draft = Path(folder) / ARCHIVE
        with urllib.request.urlopen(SOURCE) as answer, open(draft, "wb") as file:
            size = int(answer.headers.get("Content-Length", 0)) or None
            with tqdm.wrapattr(answer, "read", desc=ARCHIVE, total=size) as reader:
                shutil.copyfileobj(reader, file)
        os.replace(draft, target)


def _fetch_weights() -> None:
    """Let Keras's own loader fetch the weights, and verify them."""
    import keras  # noqa: PLC0415

    keras.applications.Xception(weights="imagenet", include_top=False, input_shape=(150, 150, 3))


def main(arguments: list[str]) -> int:
    """Prepare both from a terminal, or with --here only look; returns the process's exit code."""
    try:
        if arguments == ["--here"]:
            photographs, weights, wrong = find()
            for sentence in wrong:
                print(sentence, file=sys.stderr)
        else:
            photographs, weights = prepare()
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    has = f"{len(photographs.names):,} photographs verified" if photographs else "no photographs"
    print(f"Clothing: {has}, Xception's weights {'verified' if weights else 'not here'}.")
    return 0 if photographs and weights else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
