"""What the commands for a class say: every line can be read in any terminal, whatever the names in it contain."""

import errno
import os
import sys

from tqdm import tqdm

from autograder.printable import printable

#: What goes wrong with a machine and not with this program.
_MACHINE = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "Your quota of the disk is used up",
    errno.EIO: "The disk has a fault",
    errno.EROFS: "The disk cannot be written to",
    errno.EACCES: "There is no permission to write or read here",
    errno.EPERM: "There is no permission to write or read here",
    errno.EMFILE: "Too many files are open",
    errno.ENFILE: "Too many files are open on this machine",
    errno.ENOMEM: "The machine has no memory left",
}

#: What programs say whose disk is full, SQLite among them.
FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")


class CannotGoOn(Exception):
    """What ends a command; the message is one sentence with the way out."""


def tell(sentence: str) -> None:
    """Print a sentence, a line."""
    print(printable(sentence))


def tell_now(sentence: str) -> None:
    """Print a sentence at once, beside what the command is asked for."""
    tqdm.write(printable(sentence), file=sys.stderr)  # on a line of its own, also where a bar is drawn
    sys.stderr.flush()


def why_stopped(error: OSError) -> str:
    """A sentence, with the way out, for an error that is the machine's. Raises the error again if it is none."""
    if error.errno not in _MACHINE:
        raise error
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    what = f"{_MACHINE[error.errno]}{where}."
    return f"{what} {LEFT_AS_IT_WAS} Put that right and run this again: it continues where it stopped."


LEFT_AS_IT_WAS = "Nothing is half-written, and what has been graded so far is kept."

#: What is said of a full disk that another program has met.
DISK_FULL = f"The disk is full. {LEFT_AS_IT_WAS} Make room and run this again: it continues where it stopped."
