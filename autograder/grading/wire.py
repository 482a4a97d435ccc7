"""What comes through the wall: messages written beside the student's code, so anything at all.

A message is a letter, a length and bytes. At worst it forges what one run of one submission observed or showed;
it is bounded, never executed, and what is shown of it is text and pictures.
"""

import base64
import binascii
import json
import os
import re
import select
import struct
import time
from dataclasses import dataclass, field

from autograder.observations import SIZE_LIMIT

#: c: a cell begins. o: an output. n: a name that is missing. r: a recording. x: what went wrong beside the cells.
#: d: the end.
KINDS = "conrxd"

#: All messages of a run but its recording, in bytes; how many there may be; the largest of text; what is kept of
#: text and of pictures, characters.
TOTAL_LIMIT = 8_000_000
COUNT_LIMIT = 250_000
MESSAGE_LIMIT = 4_000_000
SHOWN_TEXT = 120_000
SHOWN_PICTURES = 2_000_000

#: Characters that each output counts for beside its text, and each line, so that there cannot be many empty ones.
OUTPUT_COST = 100
LINE_COST = 10

#: Pixels of one picture and of all together: a few bytes can unpack to more than a browser has memory for.
PIXELS = 16_000_000
ALL_PIXELS = 64_000_000

#: The kinds of pictures that are shown, and what each begins with.
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

#: Control characters other than tab, newline and the escape that colours begin with.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")


@dataclass
class Heard:
    """What one run told.

    cell: the last cell that began, -1 if none did. outputs: by cell, entries of a notebook's `outputs`, as text and
    pictures only. missing: an object that the check needs and that is not there. recording: the observations'
    bytes. garbled: what was wrong with the messages, "" if nothing.
    """

    cell: int = -1
    outputs: dict[int, list[dict]] = field(default_factory=dict)
    missing: str = ""
    recording: bytes | None = None
    failure: str = ""
    done: bool = False
    garbled: str = ""
    text: int = 0
    pictures: int = 0
    pixels: int = 0
    messages: int = 0
    bytes: int = 0


def listen(pipe: int, deadline: float) -> Heard:
    """Read a run's messages until every writer is gone, the deadline (of `time.monotonic`) has passed or too much
    came.

    Closes the pipe.
    """
    heard, data = Heard(), bytearray()
    coming = select.poll()
    coming.register(pipe, select.POLLIN)
    try:
        while time.monotonic() < deadline:
            ready = coming.poll(1000 * max(0.0, deadline - time.monotonic()))
            piece = os.read(pipe, 1 << 20) if ready else b""
            if not piece:
                break
            data += piece
            _take(data, heard)
            if heard.garbled:
                break
        else:
            heard.garbled = "it did not stop sending"
    finally:
        os.close(pipe)
    return heard


def _take(data: bytearray, heard: Heard) -> None:
    """Take all whole messages from the beginning of `data`."""
    while len(data) >= 5 and not heard.garbled:
        kind, length = struct.unpack(">cI", data[:5])
        if length > (SIZE_LIMIT if kind == b"r" else MESSAGE_LIMIT) or kind.decode("latin-1") not in KINDS:
            heard.garbled = "what it sent is not in the agreed form"
            return
        if len(data) < 5 + length:
            return
        heard.messages += 1
        heard.bytes += length if kind != b"r" else 0
        if heard.bytes > TOTAL_LIMIT or heard.messages > COUNT_LIMIT:
            heard.garbled = f"it sent more than {TOTAL_LIMIT:,} bytes or {COUNT_LIMIT:,} messages"
            return
        body = bytes(data[5 : 5 + length])
        del data[: 5 + length]
        try:
            _understand(kind.decode(), body, heard)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            heard.garbled = "what it sent is not in the agreed form"


def _understand(kind: str, body: bytes, heard: Heard) -> None:
    if kind == "c":
        heard.cell = int(body[:9])
    elif kind == "n":
        heard.missing = _text(body.decode()[:200])
    elif kind == "d":
        heard.done = True
    elif kind == "x":
        heard.failure = _text(body.decode("utf-8", "replace")[:500])
    elif kind == "r" and heard.recording is not None:
        heard.garbled = "it sent more than one recording"
    elif kind == "r":
        heard.recording = body
    else:
        cell, output = json.loads(body)
        shown = _output(output, heard)
        if shown and type(cell) is int:
            _add(shown, cell, heard)


def _add(shown: dict, cell: int, heard: Heard) -> None:
    """Append an output; text to the same stream joins the text before it."""
    outputs = heard.outputs.setdefault(cell, [])
    last = outputs[-1] if outputs else {}
    if shown["output_type"] == "stream" and last.get("name") == shown["name"]:
        last["text"] += shown["text"]
    else:
        outputs.append(shown)
        heard.text += OUTPUT_COST


def made_anew(outputs: list[dict]) -> list[dict]:
    """A cell's outputs that come from elsewhere than a run here, as `listen` would have let them through.

    Raises ValueError, TypeError, KeyError or AttributeError for what has not their form.
    """
    heard = Heard()
    return [shown for output in outputs if (shown := _output(output, heard)) is not None]


def _output(output: dict, heard: Heard) -> dict | None:
    """An output made anew from the parts that may be shown; None when there is no room left for it."""
    kind = output["output_type"]
    if heard.text > SHOWN_TEXT or heard.pictures > SHOWN_PICTURES:
        return None
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _counted(output["text"], heard)}
    if kind == "error":
        lines = [_counted(line, heard) for line in output["traceback"][: SHOWN_TEXT // LINE_COST]]
        name, value = _counted(output["ename"], heard)[:200], _counted(output["evalue"], heard)[:2000]
        return {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
    if kind not in ("display_data", "execute_result"):
        return None
    data = {"text/plain": _counted(output["data"].get("text/plain", ""), heard)}
    for mime, beginning in PICTURES.items():
        picture = _picture(output["data"].get(mime), beginning)
        if picture is None:
            continue
        width, height = _size(picture)
        heard.pixels += width * height
        if width * height == 0:
            continue
        if width * height > PIXELS or heard.pixels > ALL_PIXELS:
            data["text/plain"] += f"\n... a picture of {width:,} x {height:,} pixels was left out here ..."
            continue
        heard.pictures += len(picture)
        data[mime] = base64.b64encode(picture).decode()
    # As display_data, always: a value that nbgrader could take for points is the judge's alone.
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _picture(text: object, beginning: bytes) -> bytes | None:
    """A picture's bytes, from base64; None if it is not one of its kind."""
    if type(text) is not str:
        return None
    try:
        picture = base64.b64decode(text.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if picture.startswith(beginning) else None


def _size(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels, as the header of a PNG or JPEG has them; 0, 0 if it has none: it shows nothing.

    A PNG's first chunk is its header (RFC 2083, 4.1.1); a JPEG's is the first segment of the kinds C0 to CF that is
    no table (ITU T.81, B.2.2).
    """
    if picture.startswith(PICTURES["image/png"]):
        return struct.unpack(">II", picture[16:24]) if picture[12:16] == b"IHDR" and len(picture) >= 24 else (0, 0)
    place = 2
    while place + 9 <= len(picture) and picture[place] == 0xFF:
        kind, length = picture[place + 1], int.from_bytes(picture[place + 2 : place + 4])
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", picture[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return 0, 0


def cost(text: str) -> int:
    """What a text counts for, in characters."""
    return len(text) + LINE_COST * (1 + text.count("\n"))


def _counted(text: str, heard: Heard) -> str:
    """A text that can be shown, cut where there is no room for more."""
    if type(text) is not str:
        raise TypeError
    room = max(0, SHOWN_TEXT - heard.text)
    heard.text += cost(text)
    return _text("\n".join(text[:room].split("\n")[: room // LINE_COST]))


def _text(text: str) -> str:
    """A text that can be shown anywhere: no control characters, no lone surrogates. Programs that write to a
    terminal end lines with two characters, and begin one anew with one of them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.encode("utf-8", "replace").decode("utf-8"))
