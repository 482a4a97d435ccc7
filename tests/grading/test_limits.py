"""What a run may use is held down, however it hides it: with a control group, and counted where there is none.

The limit that a test is about is small, for the machine is others', too; all others are far away.
"""

import base64
import contextlib
import io
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from autograder.grading import cgroups, wire
from autograder.grading.sandbox import Sandbox
from autograder.grading.warm import PTYS
from tests.grading.runs import LONG, ROOMY, below, cell, heard, isolated, message, told

MEMORY = 80_000_000
SECONDS = 1
TOO_MUCH = "It used more than 0.08 GB of memory and was stopped."


@pytest.fixture(scope="module")
def small():
    """A sandbox with little memory."""
    with Sandbox(frozenset(), replace(ROOMY, memory=MEMORY)) as made:
        yield made


@pytest.fixture(scope="module")
def busy():
    """A sandbox with little computing time."""
    with Sandbox(frozenset(), replace(ROOMY, cpu=SECONDS)) as made:
        yield made


@pytest.fixture(params=["group", "counted"])
def box(request, small, monkeypatch):
    """The sandbox, with a control group for each run, and without."""
    if request.param == "counted":
        monkeypatch.setattr(cgroups, "make", lambda memory: None)
    elif cgroups._tree() is None:
        pytest.skip("No control group can be made here, so only the other way of counting is tested.")
    return small


#: For what must be ended; nothing waits for it.
WAIT = f"import time; time.sleep({LONG})"
#: The C library's calls about memory, with the types of what they take and give.
MAPS = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
word, number = ctypes.c_size_t, ctypes.c_int
libc.mmap.restype, libc.mmap.argtypes = word, [word, word, number, number, number, ctypes.c_long]
libc.munmap.argtypes, libc.mprotect.argtypes = [word, word], [word, word, number]
libc.madvise.argtypes = [word, word, number]
"""
GREEDY = {
    "programs": """
import subprocess, sys
for _ in range(4):
    subprocess.Popen([sys.executable, "-c", "x = bytearray(b'x') * 30_000_000; import time; time.sleep(3600)"])
""",
    "forks-of-forks": """
import os
hold = []
for _ in range(5):
    hold.append(bytearray(b"x") * 25_000_000)
    if os.fork():
        break
""",
    "sockets": """
import socket
pairs = [socket.socketpair() for _ in range(120)]
for end in sum(pairs, ()):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10**7)
    end.setblocking(False)
    try:
        while True:
            end.send(b"x" * 100_000)
    except OSError:
        pass
""",
    "files-in-memory": """
for place in ("/tmp", "/dev/shm"):
    for n in range(6):
        with open(f"{place}/{n}", "wb") as file:
            file.write(b"x" * 8_000_000)
""",
    # The kernel keeps some hundred bytes for each of these areas, in each process.
    "areas": MAPS
    + """
size = 60_000_000
at = libc.mmap(0, size, 0, 0x22, -1, 0)  # private, of no file; nothing may be done with it
for place in range(at, at + size - 8192, 8192):
    libc.mprotect(place, 4096, 1)
for _ in range(40):
    if os.fork() == 0:
        time.sleep(3600)
""",
    "hides": """
import ctypes, os
ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE
for _ in range(3):
    os.fork()
x = bytearray(b"x") * 20_000_000
""",
}
#: Shared memory that seems to be nobody's: refused, where the kernel does not count it.
SHARED = {
    "forks": "m = mmap.mmap(-1, 20_000_000)\nm.write(bytes(20_000_000))\nif os.fork():\n    os._exit(0)",
    "device": "m = mmap.mmap(os.open('/dev/zero', os.O_RDWR), 20_000_000)\nm.write(bytes(20_000_000))\n"
    "if os.fork():\n    os._exit(0)",
    "unmapped": "m = mmap.mmap(-1, 20_000_000)\nm.write(bytes(20_000_000))\nm.resize(4096)",
    "forgotten": "m = mmap.mmap(-1, 20_000_000)\nm.write(bytes(20_000_000))\nm.madvise(mmap.MADV_DONTNEED)",
}


@pytest.mark.slow
@isolated
@pytest.mark.parametrize("how", GREEDY)
def test_memory_is_held_down_wherever_it_is(box, how):
    run = box.run(cell(GREEDY[how], WAIT))
    assert run.ending == TOO_MUCH, (run, told(run))


@pytest.mark.slow
@isolated
@pytest.mark.parametrize("how", SHARED)
def test_memory_that_is_shared_is_counted_or_refused(box, how):
    body = "\n".join("            " + line for line in SHARED[how].splitlines())
    lines = ("import mmap, os, time", "for _ in range(6):", "    if os.fork() == 0:", "        try:", body)
    refused = "        except OSError: print('refused', flush=True); os._exit(0)\n        time.sleep(3600)"
    run = box.run(cell(*lines, refused, "for _ in range(6): os.wait()", "time.sleep(0.5)"))
    assert run.ending == TOO_MUCH or told(run).count("refused") == 6, (run, told(run))


#: Pages that are only in a pipe or a socket any more, a whole one for each byte there.
IN_PIPES = {
    "vmsplice": MAPS
    + """
huge = 2 << 20
class Piece(ctypes.Structure):
    _fields_ = [("at", word), ("size", word)]
pipes = [os.pipe() for _ in range(5)]
for _, end in pipes:
    for _ in range(16):
        at = libc.mmap(0, 2 * huge, 3, 0x22, -1, 0)
        aligned = -(-at // huge) * huge
        libc.madvise(aligned, huge, 14)  # MADV_HUGEPAGE
        ctypes.memset(aligned, 1, 4096)
        if libc.vmsplice(end, ctypes.byref(Piece(aligned, 1)), 1, 0) != 1:
            raise OSError
        libc.munmap(at, 2 * huge)
""",
    "splice": """
import os, socket, time
middle, end = os.pipe()
pairs = [socket.socketpair() for _ in range(8)]
for ours, _ in pairs:
    with open("/tmp/pages", "wb") as file:
        file.write(bytes(4096 * 4000))
    with open("/tmp/pages", "rb") as file:
        for page in range(0, 3984, 16):
            for n in range(16):
                os.splice(file.fileno(), end, 1, offset_src=4096 * (page + n))
            os.splice(middle, ours.fileno(), 16)
    os.unlink("/tmp/pages")
""",
    "sendfile": """
import os, socket, time
pairs = [socket.socketpair() for _ in range(40)]
with open("/tmp/pages", "wb") as file:
    file.write(bytes(4096 * 250))
for ours, _ in pairs:
    with open("/tmp/pages", "rb") as file:
        for page in range(250):
            os.sendfile(ours.fileno(), file.fileno(), 4096 * page, 1)
""",
}


@pytest.mark.slow
@isolated
@pytest.mark.parametrize("how", IN_PIPES)
def test_pages_that_are_only_in_pipes_are_counted_or_refused(small, how, monkeypatch):
    """A group counts them; without one they are refused."""
    monkeypatch.setattr(cgroups, "make", lambda memory: None)
    run = small.run(cell(IN_PIPES[how], "print('held', 1 + 1, flush=True); time.sleep(1)"))
    assert run.ending == "" and run.heard.done and "held 2" not in told(run) and "OSError" in told(run), (
        run,
        told(run),
    )


LOCKED = """
import fcntl, os
for n in range(200):
    file = os.open(f"/tmp/{n}", os.O_RDWR | os.O_CREAT)
    for place in range(2000):
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * (2000 - place))
"""
#: Locks of which it is not to be seen whose they are.
UNOWNED = {
    "of-no-process": """
import fcntl, os, struct
try:
    file = os.open("/tmp/own", os.O_RDWR | os.O_CREAT)
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
except OSError:
    print("refused")
""",
    "of-one-that-has-ended": """
import ctypes, os
FILES, SIGCHLD = 0x400, 17
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
child = ctypes.CDLL(None).syscall(number, FILES | SIGCHLD, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
print("refused" if child < 0 else "had")
""",
}


@pytest.mark.slow
@isolated
def test_locks_on_files_are_few(small, monkeypatch):
    """The kernel keeps something for each, which a group counts."""
    monkeypatch.setattr(cgroups, "make", lambda memory: None)
    run = small.run(cell(LOCKED, WAIT))
    assert run.ending == "It held more than 20,000 locks on files and was stopped.", (run, told(run))
    for source in UNOWNED.values():
        assert "refused" in told(small.run(cell(source))), source


@pytest.mark.slow
@isolated
def test_what_honest_code_shares_is_not_counted_twice(box):
    """Forked processes share what was there before, and a program that is being started all there is."""
    lines = (
        "import os, subprocess, sys, time",
        "x = bytearray(b'x') * 40_000_000",
        "children = [os.fork() for _ in range(1)]",
        "if 0 in children:",
        "    time.sleep(1.5); os._exit(0)",
        "for _ in range(30): subprocess.run(['true'])",
        "time.sleep(1)",
        "print('held', len(x))",
    )
    run = box.run(cell(*lines))
    assert run.ending == "" and "held 40000000" in told(run), (run, told(run))


BURN = "    t = time.process_time()\n    while time.process_time() - t < 0.4: pass\n    os._exit(0)"
BUSY = {
    "ignores": "import os, signal, time\ntry: signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nexcept OSError: pass\n"
    f"for _ in range(40):\n  if os.fork() == 0:\n{BURN}\n  time.sleep(0.1)",
    "flag": "import ctypes, os, time\nlibc = ctypes.CDLL(None)\nact = (ctypes.c_ulong * 20)(1)\n"
    "act[17] = 2  # SA_NOCLDWAIT, behind the handler and the mask\nlibc.sigaction(17, act, None)\n"
    f"for _ in range(40):\n  if os.fork() == 0:\n{BURN}\n  time.sleep(0.1)",
    "orphans": "import os, time\nfor _ in range(40):\n  if os.fork() == 0:\n    if os.fork(): os._exit(0)\n"
    f"{BURN}\n  os.wait(); time.sleep(0.1)",
    "threads": "import threading\ndef burn():\n    while True: pass\n"
    "for _ in range(3): threading.Thread(target=burn, daemon=True).start()\nburn()",
}


@pytest.mark.slow
@isolated
@pytest.mark.parametrize("how", BUSY)
def test_computing_is_counted_whoever_does_it(box, busy, how):
    run = busy.run(cell(BUSY[how], WAIT))
    assert run.ending.startswith(f"It computed for more than {SECONDS} seconds"), (run, told(run))


@pytest.mark.slow
@isolated
def test_what_is_sent_to_the_first_process_costs_nobody_else(box):
    lines = (
        "import os, resource, signal",
        "for number in signal.valid_signals():",
        "    try: os.kill(1, number)",
        "    except OSError: pass",
        "for kind in range(16):",
        "    try: print('SET', resource.prlimit(1, kind, (1, 1)))",
        "    except OSError: pass",
        "try: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))",
        "except OSError: pass",
        "print('alive')",
    )
    run = box.run(cell(*lines))
    assert run.ending == "" and "alive" in told(run) and "SET" not in told(run)
    ended = box.run(cell("import os", "os.kill(os.getpid(), 2)", "os.kill(-1, 9)"))
    assert "interrupt" in told(ended).lower() or "signal" in ended.ending
    assert box.run(cell("print('next')")).ending == ""


@pytest.mark.slow
@isolated
def test_a_parent_that_is_brought_down_costs_the_run_that_did_it(box, monkeypatch):
    """Whatever a run may find to end the processes around it: it has begun, so nobody else is to blame."""
    box.run(cell("pass"))
    parent, understand = box._process.pid, wire._understand

    def end(kind, body, heard):
        understand(kind, body, heard)
        if kind == "o":  # it has begun
            around = below(parent)
            # All are stopped first, so that none has time to tell of another's end. The parent is ended last: with
            # it, the others end by themselves.
            for number, how in [(n, signal.SIGSTOP) for n in around] + [(n, signal.SIGKILL) for n in around[::-1]]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, how)

    monkeypatch.setattr(wire, "_understand", end)
    run = box.run(cell("print('begun')", WAIT))
    assert (
        "begun" in told(run)
        and run.ending == "It ended the processes around it, and was stopped; look for os.kill."
    )
    monkeypatch.undo()
    assert box.run(cell("print('next')")).ending == ""


@pytest.mark.slow
@isolated
def test_what_the_system_has_one_of_is_refused_or_few(box):
    lines = (
        "import ctypes, errno, fcntl, os, pty, sqlite3, subprocess",
        "libc = ctypes.CDLL(None, use_errno=True)",
        "print('watches', libc.inotify_init1(0), libc.fanotify_init(0, 0))",
        "opened = []",
        "try:",
        "    while True: opened.append(pty.openpty())",
        "except OSError: print('terminals', len(opened))",
        "for close in opened: os.close(close[0]), os.close(close[1])",
        "file = open(os.__file__)",
        "for name, ask in (('lock', lambda: fcntl.flock(file, fcntl.LOCK_SH)),",
        "        ('lease', lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)),",
        "        ('note', lambda: fcntl.fcntl(os.open('/usr/bin', os.O_RDONLY), fcntl.F_NOTIFY, 1))):",
        "    try: ask(); print(name, 'had')",
        "    except OSError as error: print(name, 'refused')",
        "db = sqlite3.connect('/tmp/own.db'); db.execute('create table a (b)'); db.commit()",
        "print('own locks had')",
        "print('terminal for a program:', get_ipython().getoutput('echo hello'))",
        "print('log', libc.klogctl(3, ctypes.create_string_buffer(100), 100))",
        "print('written', libc.syncfs(0), os.sync())",
    )
    said = told(box.run(cell(*lines)))
    for part in (
        "watches -1 -1",
        f"terminals {PTYS}",
        "lock refused",
        "lease refused",
        "note refused",
        "own locks had",
        "['hello']",
        "log -1",
        "written 0",
    ):
        assert part in said, (part, said)


@pytest.mark.slow
@isolated
def test_what_honest_code_needs_it_has(box, roomy):
    lines = (
        "import asyncio, multiprocessing, h5py",
        "with multiprocessing.Pool(2) as pool: print('pool', pool.map(abs, [-3, 4]))",
        "print('loop', asyncio.new_event_loop().run_until_complete(asyncio.sleep(0.01, 'ran')))",
        "with h5py.File('/tmp/a.h5', 'w') as file: file['x'] = [1, 2]",
        "print('saved', list(h5py.File('/tmp/a.h5')['x']))",
        "shared = multiprocessing.Array('d', [1.5])",
        "process = multiprocessing.Process(target=lambda: shared.__setitem__(0, 2.5)); process.start()",
        "process.join(); print('shared', shared[0])",
        "import os, shutil, socket, sqlite3, subprocess",
        "open('/tmp/some', 'wb').write(b'x' * 1_000_000)",
        "shutil.copyfile('/tmp/some', '/tmp/copy')",
        "subprocess.run('cat /tmp/copy | tee /tmp/second > /tmp/third; cp /tmp/third /tmp/fourth', shell=True)",
        "print('copied', [os.path.getsize(f'/tmp/{n}') for n in ('copy', 'second', 'third', 'fourth')])",
        "ours, theirs = socket.socketpair()",
        "print('sent', ours.sendfile(open('/app/course/__init__.py', 'rb')))",
        "base = sqlite3.connect('/tmp/own.db'); base.execute('create table a (b)')",
        "base.executemany('insert into a values (?)', [(n,) for n in range(999)]); base.commit()",
        "import numpy as np; from sklearn.linear_model import Ridge",
        "from sklearn.model_selection import cross_val_score",
        "x = np.arange(40.0)[:, None]; print('folds', len(cross_val_score(Ridge(), x, x[:, 0], n_jobs=2)))",
        "print('rows', base.execute('select count(*) from a').fetchone())",
        "import getpass, psutil; print('who', getpass.getuser(), psutil.virtual_memory().total > 1e8)",
    )
    run = roomy.run(cell(*lines))
    size = len(Path("course/__init__.py").read_bytes())
    for part in (
        "pool [3, 4]",
        "loop ran",
        "saved [",
        "shared 2.5",
        f"copied {[1_000_000] * 4}",
        f"sent {size}",
        "rows (999,)",
        "who student True",
        "folds 5",
    ):
        assert part in told(run), (part, run.ending, told(run))


@pytest.mark.slow
@isolated
def test_shells_still_wait_for_their_children(box):
    run = box.run(cell("%%bash", "sleep 0.1 & for n in 1 2; do true; done; wait; echo $(echo done)"))
    assert "done" in told(run) and run.ending == ""


@pytest.mark.slow
@isolated
def test_the_kernel_ends_a_run_before_a_bystander(box, monkeypatch):
    """Where all memory is gone; looked at from outside while a run waits."""
    found, understand = [], wire._understand

    def look(kind, body, heard):
        understand(kind, body, heard)
        if kind == "o":  # it has begun
            found.extend(n for n in below(os.getpid()) if in_danger(n) == 1000)
            os.kill(found[-1], 9)  # it need not wait any longer

    monkeypatch.setattr(wire, "_understand", look)
    box.run(cell("print('begun')", WAIT))
    assert len(found) == 2, "the run's first process, and the one that runs the code"
    assert in_danger(box._process.pid) == in_danger(os.getpid()), "the parent is no more in danger"


def in_danger(process: int) -> int:
    """How gladly the kernel ends a process, of those that take part in a run up to 1000; -1 if it has ended."""
    try:
        return int(Path(f"/proc/{process}/oom_score_adj").read_text())
    except OSError:
        return -1


def shown(*outputs: dict) -> wire.Heard:
    """What comes of outputs that are sent through a pipe."""
    return heard(b"".join(message("o", json.dumps([0, output]).encode()) for output in outputs))


def test_every_line_of_a_traceback_costs():
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": [""] * 500_000}
    got = shown(error, error)
    assert len(json.dumps(got.outputs)) < 200_000 and len(got.outputs[0][0]["traceback"]) <= 12_000
    (stream,) = shown(*[{"output_type": "stream", "name": "stdout", "text": "\n" * 100_000}] * 3).outputs[0]
    assert 1000 < stream["text"].count("\n") <= 12_000
    few = shown(error | {"traceback": ["line"] * 60})
    assert len(few.outputs[0][0]["traceback"]) == 60


def test_many_messages_are_too_many():
    empty = {"output_type": "stream", "name": "stdout", "text": ""}
    got = shown(*[empty | {"text": "x" * 1_000_000}] * 9)
    assert "it sent more than 8,000,000 bytes" in got.garbled


def picture(width: int, height: int, kind: str = "png") -> str:
    """A small file with a picture of this size, as base64 text."""
    buffer = io.BytesIO()
    Image.new("1" if kind == "png" else "L", (width, height)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def displayed(*pictures: dict) -> list[dict]:
    got = shown(*({"output_type": "display_data", "data": data} for data in pictures))
    return [output["data"] for output in got.outputs[0]]


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_picture_is_refused_by_the_size_in_its_header(kind):
    mime = f"image/{kind}"
    width, height = (30_000, 600) if kind == "png" else (60_000, 400)
    (large,) = displayed({mime: picture(width, height, kind)})
    assert large == {"text/plain": f"\n... a picture of {width:,} x {height:,} pixels was left out here ..."}
    (small,) = displayed({mime: picture(640, 480, kind), "text/plain": "<Figure>"})
    assert small == {"text/plain": "<Figure>", mime: picture(640, 480, kind)}
    many = displayed(*[{mime: picture(3000, 3000, kind)}] * 12)
    assert sum(mime in each for each in many) == wire.ALL_PIXELS // 9_000_000


def test_the_size_of_a_picture_is_what_a_library_reads_in_it():
    for kind in ("png", "jpeg"):
        for options in ({}, {"progressive": True, "exif": b"Exif\0\0" + bytes(2000)}):
            buffer = io.BytesIO()
            Image.new("RGB", (321, 123)).save(buffer, kind, **(options if kind == "jpeg" else {}))
            assert wire._size(buffer.getvalue()) == (321, 123)
    for broken in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\0" * 50,
        b"\x89PNG\r\n\x1a\nxxxxJUNK" + bytes(50),
    ):
        assert wire._size(broken) == (0, 0)


def test_lines_of_a_terminal_are_lines():
    got = shown({"output_type": "stream", "name": "stdout", "text": "one\r\ntwo\rthree\x1b[31m\x00"})
    assert got.outputs[0][0]["text"] == "one\ntwo\nthree\x1b[31m\N{REPLACEMENT CHARACTER}"


def test_groups_that_killed_processes_left_are_taken_away():
    group = cgroups.make(MEMORY)
    if group is None:
        pytest.skip("No control group can be made here.")
    tree = cgroups._tree()
    gone = 4_194_305  # above the largest number of a process
    left = {parent / f"dropout-{gone}-0" for parent in (tree.memory, tree.time)}
    for folder in left:
        folder.mkdir()
    group.close()
    cgroups._tree.cache_clear()
    assert cgroups._tree() == tree and not any(folder.exists() for folder in left)
    deadline = time.monotonic() + LONG  # what a run leaves that was ended from outside takes a moment to go
    while cgroups._left or list(tree.memory.glob(f"dropout-{os.getpid()}-*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        cgroups.make(MEMORY).close()


TREES = {
    "newer, a user's own": (
        "user.slice/user@1000.service/app.slice/term.scope",
        {"user.slice/user@1000.service/app.slice": "memory pids"},
        ["user.slice/user@1000.service/app.slice"],
    ),
    "newer, nothing counted": (".", {}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_the_newer_interface_is_looked_through_upwards(name, tmp_path, monkeypatch):
    """This machine may have the older one; a made-up tree shows where groups would be made."""
    group, counted, expected = TREES[name]
    own = tmp_path / group
    own.mkdir(parents=True, exist_ok=True)
    for folder in (own, *own.parents):
        if folder.is_relative_to(tmp_path):
            told = counted.get(str(folder.relative_to(tmp_path)), "")
            (folder / "cgroup.subtree_control").write_text(told)
    monkeypatch.setattr(cgroups, "_own_folder", lambda controller: own if controller == "" else None)
    assert [str(tree.memory.relative_to(tmp_path)) for tree in cgroups._second_version()] == expected


@pytest.mark.skipif(sys.platform != "linux", reason="Control groups are Linux's.")
def test_the_folder_of_ones_own_group_is_found():
    names = [line.split(":", 2)[1] for line in Path("/proc/self/cgroup").read_text().splitlines()]
    controllers = [each for name in names if not name.startswith("name=") for each in name.split(",")]
    found = [folder for folder in map(cgroups._own_folder, controllers) if folder is not None]
    if not found:
        pytest.skip("No control groups are to be seen here.")
    for folder in found:
        assert str(os.getpid()) in (folder / "cgroup.procs").read_text().split()


@pytest.mark.slow
@isolated
def test_much_output_is_cut_and_costs_nothing_else(small):
    """Text, values, displays, error messages, tracebacks and pictures, each far more than is shown."""
    large = (
        "print('x' * 5_000_000)",
        "'x' * 5_000_000",
        "display('x' * 5_000_000)",
        "raise ValueError('x' * 5_000_000)",
        "class Long(Exception):\n    def _render_traceback_(self): return ['y'] * 3_000_000\nraise Long",
        "import os\nfrom IPython.display import Image, display\n"
        "for _ in range(9): display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(900_000), format='png'))",
    )
    for source in large:
        run = small.run({"cells": [[0, source], [1, "print('next', 1 + 1)"]], "after": [], "observe": None})
        assert run.ending == "" and run.heard.done and not run.heard.garbled, source[:30]
        assert len(told(run)) < 2_500_000
    figures = "import matplotlib.pyplot as plt\nfor _ in range(4):\n    plt.plot(range(9)); plt.show()"
    run = small.run({"cells": [[0, figures], [1, "print('next')"]], "after": [], "observe": None})
    assert sum("image/png" in output.get("data", {}) for output in run.heard.outputs[0]) == 4
    assert "next" in json.dumps(run.heard.outputs[1]), "pictures take no room from text"
