"""What the warm parent can be asked, in one byte; the rest is open files that it hands on unread."""

#: To run what it is handed: in no control group, or in one of the kernel's older or newer interface.
RUN, RUN_IN_GROUP = b"0", (b"1", b"2")

#: To make a copy of itself.
COPY = b"c"
