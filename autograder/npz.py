"""Arrays from the bytes of an `.npz` file that may be forged: nothing is unpacked, and nothing is read twice.

NumPy's own reader follows the archive's directory wherever it points, so that small files can unpack to anything or
name the same bytes a thousand times. This one walks from the first byte to the last and takes only what
`numpy.savez` writes: members that are not packed, one after the other, each named once, then the directory of just
these, then nothing.
"""

import io
import math
import struct
import zlib

import numpy as np

#: Characters of a member's name, and of an array's header; the largest that a recording has takes 400.
NAME_LIMIT, HEADER_LIMIT = 120, 1_000

# APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12, 4.3.16 and 4.5.3: a member's header and its sizes in 64 bits, an
# entry of the directory, and the end of that.
_MEMBER = struct.Struct("<4s5H3I2H")
_SIZES = struct.Struct("<2H2Q")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_IN_64_BITS = 0xFFFFFFFF


class Packed(ValueError):
    """A member is compressed, and could unpack to anything."""


def members(data: bytes, most: int) -> dict[str, memoryview]:
    """The members of an archive by their names, without a copy. Raises ValueError for what `savez` never writes.

    most: how many there may be.
    """
    found: dict[str, memoryview] = {}
    places: list[tuple[bytes, int]] = []
    view, place = memoryview(data), 0
    while data[place : place + 4] == b"PK\3\4":
        if len(found) >= most:
            raise ValueError("too many members")
        begin = place
        _, _, flags, method, _, _, checksum, packed, size, name_length, extra = _MEMBER.unpack_from(data, place)
        if method:
            raise Packed("a member is packed")
        place += _MEMBER.size
        if not 0 < name_length <= NAME_LIMIT or flags & ~0x800:  # names may be UTF-8
            raise ValueError("a member of another kind")
        raw, place = data[place : place + name_length], place + name_length
        if extra:
            kind, length, size, packed = _SIZES.unpack_from(data, place)
            if (kind, length, extra) != (1, 16, _SIZES.size):
                raise ValueError("a member of another kind")
            place += extra
        name = raw.decode()
        if size != packed or place + size > len(data) or name in found:
            raise ValueError("a member that is cut, packed or repeated")
        found[name] = view[place : place + size]
        if zlib.crc32(found[name]) != checksum:
            raise ValueError("a damaged member")
        places.append((raw, begin))
        place += size
    _expect_directory(data, place, places)
    return found


def _expect_directory(data: bytes, place: int, places: list[tuple[bytes, int]]) -> None:
    """Raise ValueError unless the rest of the data is the directory of the members at these places."""
    begin = place
    for name, member in places:
        signature, *_, name_length, extra, comment, _, _, _, told = _ENTRY.unpack_from(data, place)
        place += _ENTRY.size
        named = data[place : place + name_length]
        if (signature, named, extra, comment, told) != (b"PK\1\2", name, 0, 0, member):
            raise ValueError("a directory of other members")
        place += name_length
    end = _END.unpack_from(data, place)
    number = len(places)
    if end != (b"PK\5\6", 0, 0, number, number, place - begin, begin, 0) or place + _END.size != len(data):
        raise ValueError("a directory that does not end where it should")


def array(member: memoryview, known: tuple[np.dtype, ...], texts: int, letters: int) -> np.ndarray:
    """The array that a member holds, a copy. Raises ValueError for everything but plain numbers and texts.

    known: the types with fields that there may be. texts, letters: how many texts an array may have, and how long
    they may be.
    """
    stream = io.BytesIO(member[: HEADER_LIMIT + 10])
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("a header of another version")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=HEADER_LIMIT)
    size, begin = math.prod(shape), stream.tell()
    if any(type(side) is not int or not 0 <= side <= len(member) for side in shape):
        raise ValueError("an array of no possible shape")
    if dtype.kind not in "biufU" and dtype not in known:
        raise ValueError("an array of another kind")
    if dtype.kind == "U" and (size > texts or dtype.itemsize > 4 * letters):
        raise ValueError("too much text")
    if size * dtype.itemsize != len(member) - begin:
        raise ValueError("an array of another size")
    if not dtype.itemsize or not size:
        return np.zeros(shape, dtype)
    values = np.frombuffer(member, dtype, size, begin).reshape(shape, order="F" if by_columns else "C").copy("K")
    return _true_and_false(values)


def _true_and_false(values: np.ndarray) -> np.ndarray:
    """The same array, in which whatever is true is a 1: operations on a forged 2 give different answers."""
    if values.dtype.kind == "b":
        return values.view(np.uint8) != 0
    for name in values.dtype.names or ():
        if values.dtype[name].kind == "b":
            values[name] = values[name].view(np.uint8) != 0
    return values
