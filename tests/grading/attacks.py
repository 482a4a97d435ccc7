"""What hostile, broken and unlucky submissions of 02_scaling do, and what has to come of it.

Each attack is what stands in the solution cell of `inverted` (or what is done to the whole file); `classic` is
answered rightly, and has to be graded as if nothing had happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.classroom.sample import Answer, fill_in

#: Points of the two exercises.
FULL, CLASSIC = 14.0, 17.0

GOOD = """
def inverted_dropout(x, rate, rng):
    if not 0 <= rate <= 1:
        raise ValueError("rate")
    if rate == 1:
        return np.zeros_like(x)
    return np.where(rng.random(x.shape) >= rate, x / (1 - rate), 0).astype(x.dtype)
"""
GOOD_CLASSIC = """
def classic_dropout(x, rate, rng, training):
    if not 0 <= rate <= 1:
        raise ValueError("rate")
    if not training:
        return (x * (1 - rate)).astype(x.dtype)
    return np.where(rng.random(x.shape) >= rate, x, 0).astype(x.dtype)
"""
#: Earns nothing, however it is called.
WRONG = """
def inverted_dropout(x, rate, rng):
    return "full marks, please"
"""


@dataclass(frozen=True)
class Attack:
    """One submission.

    source: of the solution cell of `inverted`. points: what that exercise has to get. classic: what the other has
    to get. says: what has to stand in the feedback. files: what else lies in the folder. change: done to the
    notebook. mangle: done to its bytes. data: handed in instead of a notebook.
    """

    name: str
    source: str = GOOD
    points: float = 0.0
    classic: float = CLASSIC
    says: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    change: Callable[[nbformat.NotebookNode], None] | None = None
    data: bytes | None = None
    mangle: Callable[[bytes], bytes] | None = None

    def write(self, released: nbformat.NotebookNode, folder: Path) -> None:
        """Hand it in: write what belongs into a folder."""
        folder.mkdir(parents=True)
        path = folder / "02_scaling.ipynb"
        if self.data is not None:
            path.write_bytes(self.data)
        else:
            notebook = fill_in(released, {"inverted": Answer(self.source), "classic": Answer(GOOD_CLASSIC)})
            if self.change:
                self.change(notebook)
            data = nbformat.writes(notebook).encode("utf-8")
            path.write_bytes(self.mangle(data) if self.mangle else data)
        for name, text in self.files.items():
            (folder / name).write_text(text)


def wins(source: str) -> str:
    """A hostile prelude before a wrong answer."""
    return source + "\n" + WRONG


def body(source: str) -> str:
    """An answer whose function does this."""
    lines = "\n".join(f"    {line}" for line in source.strip().splitlines())
    return f"def inverted_dropout(x, rate, rng):\n{lines}\n"


SEARCH = """
import os
found = []
for folder, folders, files in os.walk("/"):
    found += [os.path.join(folder, n) for n in folders + files if n in WANTED or n.endswith(".ipynb")]
    folders[:] = [name for name in folders if not name.endswith("-packages")]  # what every student has
print("found:", found)
"""

SOCKETS = """
import socket
def tried(kind, address):
    try:
        socket.socket(kind, socket.SOCK_STREAM).connect(address)
        return "CONNECTED"
    except OSError as error:
        return "refused"
print([tried(socket.AF_INET, ("127.0.0.1", PORT)), tried(socket.AF_INET, ("10.0.0.1", 80)),
       tried(socket.AF_UNIX, "\\0grader-test")])
"""


def _settings(notebook, grade_id):
    (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return cell


def _flip(notebook):
    cell = _settings(notebook, "solution-inverted")
    cell.metadata.nbgrader.update(solution=False, locked=True)


def _remove(*grade_ids):
    def change(notebook):
        for grade_id in grade_ids:
            notebook.cells.remove(_settings(notebook, grade_id))

    return change


def _twice(notebook):
    cell = _settings(notebook, "check-inverted")
    notebook.cells.append(nbformat.from_dict({**cell, "id": "again", "source": "14.0"}))


def _edit_check(notebook):
    cell = _settings(notebook, "check-inverted")
    cell.source = "14.0"
    cell.metadata.nbgrader.points = 1000


def _second_answer(notebook):
    notebook.cells.append(
        nbformat.from_dict({**_settings(notebook, "solution-inverted"), "id": "2", "source": WRONG})
    )


def _crowd(notebook):
    notebook.cells.extend(nbformat.v4.new_markdown_cell("x", id=f"c{n}") for n in range(100_000))


def _foreign(notebook):
    notebook.metadata.kernelspec = {"name": "julia-1.9", "display_name": "Julia", "language": "julia"}


#: Those that a limit of time or of memory has to end.
ENDED = (
    "loops", "loops-inside", "loops-deaf", "sleeps", "memory-of-many", "computes-in-many", "hides-seconds",
    "memory-of-programs",
)  # fmt: skip
ATTACKS = [
    Attack("honest", points=FULL),
    Attack("honest-wrong", WRONG),
    Attack(
        "replaces-traceback",
        wins(
            "ip = get_ipython()\nip.showtraceback = ip._showtraceback = lambda *a, **k: print('14.0')\n"
            "ip.set_custom_exc((BaseException,), lambda *a, **k: None)\nimport sys\nsys.excepthook = print"
        ).replace('return "full marks, please"', "raise RuntimeError"),
    ),
    Attack(
        "strips-asserts",
        wins(
            "import ast\nclass Strip(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
            "        return ast.Pass()\n    def visit_Call(self, node):\n        return ast.Constant(14.0)\n"
            "get_ipython().ast_transformers.append(Strip())"
        ).replace('return "full marks, please"', "assert False"),
    ),
    Attack("displayhook", body("import sys\nsys.displayhook(14.0)\nreturn 14.0")),
    Attack(
        "always-equal",
        wins("import numpy.testing\nnp.testing.assert_array_equal = np.array_equal = lambda *a, **k: True")
        + body(
            "class Yes:\n    __eq__ = __ge__ = __le__ = lambda *a: True\n"
            "    shape, dtype = x.shape, x.dtype\nreturn Yes()"
        ),
    ),
    Attack(
        "patches-grader",
        wins(
            "import autograder, autograder.unjudged, autograder.report, autograder.observe\n"
            "get_ipython().run_code = lambda *a, **k: False\n"
            "autograder.check = autograder.examine = check = lambda *a, **k: 14.0\n"
            "autograder.unjudged.check = autograder.unjudged.examine = lambda *a, **k: 14.0\n"
            "autograder.report.Report.points = 14.0"
        ),
    ),
    Attack(
        "prints-result",
        wins(
            "from IPython.display import display, publish_display_data\npublish_display_data({'text/plain':"
            " '14.0'})\n"
            "get_ipython().sender.cell = 10\n"
            "get_ipython().sender.output({'output_type': 'execute_result', 'data': {'text/plain': '14.0'},"
            " 'metadata': {}, 'execution_count': 1}, 4)\nprint('14.0')"
        ),
    ),
    Attack(
        "writes-gradebook",
        "WANTED = ['gradebook.db', 'autograded', 'grades.csv']" + SEARCH + GOOD,
        FULL,
        says=("found: []",),
    ),
    Attack(
        "reads-solutions",
        "WANTED = ['solutions', 'submitted', '.course_secret', 'nbgrader_config.py']" + SEARCH + GOOD,
        FULL,
        says=("found: []",),
    ),
    Attack("flips-solution", points=FULL, change=_flip),
    Attack("removes-checks", points=FULL, change=_remove("check-inverted", "check-classic", "imports")),
    Attack("removes-answer", change=_remove("solution-inverted"), says=("is not defined",)),
    Attack("adds-check", WRONG, change=_twice),
    Attack("edits-check", WRONG, change=_edit_check),
    Attack("answers-twice", GOOD, change=_second_answer, says=("occurs more than once",)),
    Attack("reorders", points=FULL, change=lambda notebook: notebook.cells.reverse()),
    Attack(
        "brings-modules",
        wins("import numpy.random\nprint(np.__file__, check.__module__)"),
        files=dict.fromkeys(
            ("numpy.py", "autograder.py", "sitecustomize.py", "conftest.py"), "raise SystemExit('mine')"
        ),
        says=("site-packages/numpy/__init__.py",),
    ),
    Attack(
        "prints-check",
        "import subprocess\nprint([s for s in In if 'check(' in s and 'import' not in s][1:])\n"
        "import pathlib\nprint([str(p) for p in pathlib.Path('/app').rglob('*') if p.is_file() and b'BEGIN '"
        " b'SOLUTION' in p.read_bytes()])\n" + GOOD,
        FULL,
        says=("[]\n[]",),
    ),
    Attack(
        "imports-answers",
        "for module in ('autograder.classroom.sample', 'course.networks.xception', 'tests.grading.attacks',\n"
        "               'autograder.judge', 'autograder.kits.histories.judge',\n"
        "               'autograder.examination'):\n    try:\n"
        "        __import__(module)\n        print('has', module)\n    except ImportError:\n"
        "        print('without', module)\n" + GOOD,
        FULL,
        says=(
            "without autograder.classroom.sample without course.networks.xception without tests.grading.attacks"
            " without autograder.judge without autograder.kits.histories.judge without autograder.examination",
        ),
    ),
    Attack(
        "borrows-the-judge",
        "try:\n    from autograder.judge import scaling\nexcept ImportError:\n"
        "    exec(open('/app/autograder/judge/scaling.py').read())\n" + GOOD,
        says=("No such file or directory",),
    ),
    Attack(
        "checks-itself",  # as many do while they work
        GOOD + "\npoints = check('inverted', inverted_dropout)\nassert isinstance(points, float), points\n"
        "import autograder\nreport = autograder.examine('inverted', inverted_dropout)\n"
        "print(report, report.points, report.passed)\nautograder.hint('inverted')\n",
        FULL,
        says=("The check is made after this run", "0 of 0 points", "Hint 1 of 3"),
    ),
    Attack(
        "believes-its-own-check",
        wins("import autograder.unjudged as u\nu.LATER = 'full marks'\nu.check = lambda *a, **k: 14.0"),
    ),
    Attack("sys-exit", "import sys\nsys.exit(0)\n" + GOOD, says=("SystemExit",)),
    Attack("sys-exit-inside", body("import sys\nsys.exit(0)"), says=("SystemExit",)),
    Attack("os-exit", "import os\nos._exit(0)\n" + GOOD, says=("exit code 0",)),
    Attack("os-exit-inside", body("import os\nos._exit(3)"), says=("exit code 3",)),
    Attack("exit", "exit()\n" + GOOD, FULL),
    Attack("kills-itself", "import os\nos.kill(os.getpid(), 9)\n" + GOOD, says=("signal 9",)),
    Attack(
        "kills-all",
        "import contextlib, os\nwith contextlib.suppress(OSError):\n    os.kill(-1, 9)\n" + GOOD,
        FULL,
    ),
    Attack(
        "kills-parents",
        "import os\nfor pid in range(1, 400):\n    if pid != os.getpid():\n        try:\n            os.kill(pid,"
        " 9)\n"
        "        except OSError:\n            pass\n" + GOOD,
        FULL,
    ),
    Attack("loops", "while True:\n    pass\n" + GOOD, says=("computed for more than",)),
    Attack("loops-inside", body("while True:\n    pass"), says=("computed for more than",)),
    Attack(
        "loops-deaf",
        "import signal\nfor n in set(signal.Signals) - {9, 19}:\n    signal.signal(n, lambda *a: None)\n"
        "while True:\n    try:\n        pass\n    except BaseException:\n        pass\n" + GOOD,
        says=("computed for more than",),
    ),
    Attack("sleeps", "import time\ntime.sleep(1e6)\n" + GOOD, says=("ran longer than",)),
    Attack("memory", "big = np.ones(10**12)\n" + GOOD, says=("MemoryError",)),
    Attack("memory-inside", body("return np.ones(10**12)"), says=("MemoryError",)),
    Attack(
        "memory-of-many",
        "import os, time\nfor n in range(30):\n    if os.fork() == 0:\n"
        "        hog = [bytearray(b'x' * 10**7) for _ in range(9)]\n        time.sleep(1e6)\ntime.sleep(1e6)\n"
        + GOOD,
        says=("GB of memory and was stopped",),
    ),
    Attack("forks", "import os\nwhile True:\n    os.fork()\n" + GOOD),
    Attack(
        "computes-in-many",
        "import os\nfor _ in range(3):\n    os.fork()\nwhile True:\n    pass\n" + GOOD,
        says=("computed for more than",),
    ),
    Attack(
        "forks-and-waits",
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(1e6)\n" + GOOD,
        says=("BlockingIOError",),
    ),
    Attack(
        "fills-disk",
        "import os\nfor place in ('/tmp', '/dev/shm', os.path.expanduser('~')):\n    try:\n"
        "        for n in range(1000):\n            with open(f'{place}/{n}', 'wb') as file:\n"
        "                file.write(bytes(10**7))\n    except OSError as error:\n        print(place, error)\n"
        + GOOD,
        FULL,
        says=("No space left on device",),
    ),
    Attack(
        "writes-elsewhere",
        "import os\nfor place in ('/', '/app', '/usr', '/etc', '/dev', '/proc', '/app/autograder',"
        " np.__path__[0]):\n"
        "    try:\n        open(f'{place}/mine', 'w')\n        print('WRITTEN', place)\n"
        "    except OSError as error:\n"
        "        print(error.strerror)\n" + GOOD,
        FULL,
        says=("Read-only file system",),
    ),
    Attack("prints-20-MB", "for n in range(200_000):\n    print('x' * 100)\n" + GOOD, FULL, says=("cut here",)),
    Attack(
        "prints-a-line",
        "import sys\nfor n in range(20_000):\n    sys.stdout.write('x' * 1000)\n" + GOOD,
        FULL,
        says=("cut here",),
    ),
    Attack(
        "background",
        "import subprocess, os\nfor _ in range(2):\n    subprocess.Popen(['sleep', '87654'],"
        " start_new_session=True)\n" + GOOD,
        FULL,
    ),
    Attack(
        "hides-memory",
        "import ctypes, os\ntry:\n    os.memfd_create('x')\nexcept OSError as error:\n    print(error.strerror)\n"
        "print('shared', ctypes.CDLL(None).shmget(0, 10**8, 0o1600))\n" + GOOD,
        FULL,
        says=("Operation not permitted", "shared -1"),
    ),
    Attack("sockets", SOCKETS + GOOD, FULL, says=("refused", "refused", "refused")),
    Attack("huge", body("return np.broadcast_to(x.flat[0], (10**6, 10**6))")),
    Attack("lazy", body("return (value for value in x)")),
    Attack("recursive", body("answer = []\nanswer.append(answer)\nreturn answer")),
    Attack(
        "poisoned",
        body(
            "class Poison(np.ndarray):\n    def __reduce__(self):\n        import os\n        return os._exit,"
            " (1,)\n"
            "    def __array__(self, *a, **k):\n        raise SystemExit\n"
            "    __class__ = property(lambda self: 1 / 0)\n"
            "    __array_finalize__ = __getattribute__ = __len__ = __iter__ = None\n"
            "return np.ndarray.__new__(Poison, x.shape)"
        ),
    ),
    Attack(
        "warns",
        "import os, sys, warnings\n"
        + GOOD.replace(
            "    if rate == 1", "    warnings.warn('careful')\n    os.write(2, b'native')\n    if rate == 1"
        ),
        FULL,
    ),
    Attack("last-value-nan", GOOD + "\nfloat('nan')", FULL),
    Attack("last-value-numpy", GOOD + "\nnp.float64(0)", FULL),
    Attack("last-value-above", GOOD + "\n1e9", FULL),
    # What else one would try.
    Attack("garbage-on-pipe", wins("import os\nos.write(3, b'garbage' * 100)"), says=("interfered",)),
    Attack("huge-message", wins("import os\nos.write(3, b'r' + b'\\xff' * 4)"), says=("interfered",)),
    Attack(
        "endless-pipe", wins("import os\nwhile True:\n    os.write(3, b'o\\0\\0\\0\\1x')"), says=("interfered",)
    ),
    Attack("closes-pipe", "import os\nos.close(3)\n" + GOOD, says=("exit code",)),
    Attack(
        "two-recordings",
        wins("s = get_ipython().sender\ns.send('r', b'one')"),
        says=("interfered",),
    ),
    Attack(
        "pickled-recording",
        wins(
            "import autograder.observations as o, io\ndef forged(self):\n    buffer = io.BytesIO()\n"
            "    class P:\n        def __reduce__(self):\n            import os\n            return os._exit,"
            " (9,)\n"
            '    np.savez(buffer, told=np.frombuffer(b\'{"printed": "", "records": {}}\','
            " np.uint8), **{'values/a': np.array([P()], dtype=object)})\n"
            "    return buffer.getvalue()\no.Observations.to_bytes = forged"
        ),
        says=("interfered",),
    ),
    Attack(
        "bomb-recording",
        wins(
            "import autograder.observations as o, io\ndef forged(self):\n    buffer = io.BytesIO()\n"
            "    np.savez_compressed(buffer, **{'values/a': np.zeros(10**8)})\n    return buffer.getvalue()\n"
            "o.Observations.to_bytes = forged"
        ),
        says=("interfered",),
    ),
    Attack(
        "strange-recording",
        "import autograder.observations as o, dataclasses\nhonest = o.Observations.to_bytes\n"
        "def forged(self):\n"
        "    bad = '<script>alert(1)</script>'\n    told = {'values': np.array([bad]), 'problem_text': bad}\n"
        "    records = {n: dataclasses.replace(r, **told) for n, r in self.records.items()}\n"
        "    return honest(o.Observations(records, bad))\no.Observations.to_bytes = forged\n" + GOOD,
        says=("interfered",),
    ),
    Attack(
        "overflows",
        body("rng.random()\nreturn np.where(rng.random(x.shape) >= rate, np.copysign(1.7e308, x), 0.0)"),
        points=9.5,
        says=("inf (",),
    ),
    Attack(
        "class-named-like-a-formula",
        body("return type('$\\\\frac$' + '\\u202e\\U0001f600' * 5000, (), {})()"),
        says=("$\\frac$",),
    ),
    Attack(
        "overlapping-recording",
        wins(
            "import autograder.observations as o, io, zipfile\ndef forged(self):\n    buffer = io.BytesIO()\n"
            "    with zipfile.ZipFile(buffer, 'w') as archive:\n"
            "        archive.writestr('told.npy', bytes(10**6))\n"
            "        first = archive.infolist()[0]\n        for n in range(60_000):\n"
            "            entry = zipfile.ZipInfo(f'values/{n}.npy')\n            entry.CRC = first.CRC\n"
            "            entry.file_size = entry.compress_size = 10**6\n            entry.header_offset = 0\n"
            "            archive.filelist.append(entry)\n    return buffer.getvalue()\n"
            "o.Observations.to_bytes = forged"
        ),
        says=("interfered",),
    ),
    Attack(
        "recording-of-no-calls",
        "import autograder.observations as o\nhonest = o.Observations.to_bytes\ndef forged(self):\n"
        "    more = {f'case-{n}': r for n, r in enumerate(self.records.values())}\n"
        "    return honest(o.Observations(self.records | more))\no.Observations.to_bytes = forged\n" + GOOD,
        says=("interfered", "nobody made"),
    ),
    Attack(
        "recording-of-other-shapes",
        "import autograder.observations as o, dataclasses\nhonest = o.Observations.to_bytes\ndef forged(self):\n"
        "    large = {n: dataclasses.replace(r, values=np.ones((3, 2_000_000), np.int8))\n"
        "             for n, r in list(self.records.items())[:5]}\n"
        "    return honest(o.Observations(self.records | large))\no.Observations.to_bytes = forged\n" + GOOD,
        says=("interfered", "no call could have given"),
    ),
    Attack(
        "recording-down-the-pipe",
        "import os, struct\nos.write(3, struct.pack('>cI', b'r', 9) + b'PK\\3\\4' + bytes(5))\n" + GOOD,
        says=("interfered",),
    ),
    Attack(
        "packed-recording",
        wins(
            "import autograder.observations as o, io, zipfile\ndef forged(self):\n    buffer = io.BytesIO()\n"
            "    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_LZMA) as archive:\n"
            "        archive.writestr('told.npy', bytes(10**8))\n"
            "    return buffer.getvalue()\no.Observations.to_bytes = forged"
        ),
        says=("interfered", "packed"),
    ),
    Attack(
        "long-text",
        "import autograder.observations as o\nhonest = o.Observations.to_bytes\ndef forged(self):\n"
        "    return honest(o.Observations(self.records, 'x' * 8_000_000))\no.Observations.to_bytes = forged\n"
        + GOOD,
        says=("interfered", "tells more"),
    ),
    Attack(
        "empty-outputs",
        "import json, os, struct\ndef say(out):\n    told = json.dumps([8, out]).encode()\n"
        "    os.write(3, struct.pack('>cI', b'o', len(told)) + told)\n"
        "for n in range(40_000):\n"
        "    say({'output_type': 'stream', 'name': ('stdout', 'stderr')[n % 2], 'text': ''})\n" + GOOD,
        FULL,
    ),
    Attack(
        "strange-output",
        wins(
            "import json, os, struct\ntold = [8, {'output_type': 'error', 'ename': '', 'evalue': '',"
            " 'traceback': [['y' * 100_000]] * 9}]\ntold = json.dumps(told).encode()\n"
            "os.write(3, struct.pack('>cI', b'o', len(told)) + told)"
        ),
        says=("interfered",),
    ),
    Attack(
        "names-another-cell",
        "import os\nos.write(3, b'c' + bytes([0, 0, 0, 1]) + b'3')\nos._exit(0)\n" + GOOD,
        says=("exit code 0",),
    ),
    Attack(
        "own-streams",
        "import sys\nclass Quiet:\n    def write(self, text): pass\nsys.stderr = Quiet()\n" + GOOD,
        FULL,
    ),
    Attack("no-streams", "import sys\nsys.stdout = sys.stderr = None\n" + GOOD, FULL),
    Attack(
        "prints-in-a-thread",
        "import threading, time\ndef beat():\n    while True:\n        print('still alive')\n"
        "        time.sleep(0.003)\nthreading.Thread(target=beat, daemon=True).start()\n" + GOOD,
        FULL,
    ),
    Attack(
        "asks-for-a-kernel",
        "%autosave 30\n%clear\nimport faulthandler, subprocess, sys\nprint(sys.stdout.encoding.lower())\n"
        "subprocess.run(['true'], stdout=sys.stdout)\n" + GOOD,
        FULL,
        says=("utf-8",),
    ),
    Attack("crashes", body("import ctypes\nctypes.string_at(0)"), says=("signal 11",)),
    Attack(
        "new-namespaces",
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nprint('unshare', libc.unshare(0x10000000 | 0x20000))\n"
        "print('unmounted', [libc.umount2(p, 2) for p in (b'/proc', b'/tmp', b'/dev/shm')])\n"
        "WANTED = ['gradebook.db', 'solutions']" + SEARCH + GOOD,
        FULL,
        says=("unmounted [-1, -1, -1]", "found: []"),
    ),
    Attack(
        "looks-at-processes",
        "import os\nprint('seen', [n for n in os.listdir('/proc') if n.isdigit()], os.getpid(), os.getuid())\n"
        + GOOD,
        FULL,
        says=("seen [] 2 1000",),
    ),
    Attack(
        "environment",
        "import os\nprint('env', sorted(k for k in os.environ if k.startswith(('SECRET', 'JUPYTER',"
        " 'AUTOGRADER'))))\n" + GOOD,
        FULL,
        says=("env []",),
    ),
    Attack(
        "script",
        "from IPython.display import HTML, SVG, Javascript, Markdown, display, publish_display_data\n"
        "bad = '<script>alert(1)</script>'\nprint(bad)\ndisplay(HTML(bad), Javascript('alert(1)'), Markdown(bad))\n"
        "publish_display_data({'image/svg+xml': '<svg onload=\"alert(1)\"/>', 'text/latex': bad, 'text/plain':"
        " bad})\n"
        "publish_display_data({'image/png': '\"><script>alert(1)</script>'})\n"
        "class Bad(Exception):\n    pass\nBad.__name__ = Bad.__qualname__ = bad\n"
        + body("raise Bad(bad)")
        + "\nraise Bad(bad)",
    ),
    Attack("script-in-source", "# <script>alert(1)</script>\n'''<img src=x onerror=alert(1)>'''\n" + GOOD, FULL),
    Attack("control-characters", "print('a\\x00b\\x1b[31mred\\x9b\\ud800')\n" + GOOD, FULL),
    Attack("null-byte", "\0" + GOOD, says=("is not defined",)),
    Attack("syntax-error", "def inverted_dropout(x, rate, rng)\n    return x", says=("SyntaxError",)),
    Attack("other-name", GOOD.replace("inverted_dropout", "dropout"), says=("Keep the name",)),
    Attack(
        "signals-the-first-process",
        "import os, signal\nfor number in signal.valid_signals():\n    try:\n        os.kill(1, number)\n"
        "    except OSError:\n        pass\n" + GOOD,
        FULL,
    ),
    Attack(
        "signals-the-first-process-inside",
        GOOD.replace("    if not", "    import os, signal\n    os.kill(1, signal.SIGINT)\n    if not"),
        FULL,
    ),
    Attack(
        "limits-the-first-process",
        "import resource\nfor kind in range(16):\n    try:\n        resource.prlimit(1, kind, (1, 1))\n"
        "    except OSError:\n        pass\n" + GOOD,
        FULL,
    ),
    Attack(
        "raises-millions-of-lines",
        "class Long(Exception):\n    def _render_traceback_(self):\n        return [''] * 3_000_000\n"
        + GOOD
        + "raise Long",
        FULL,
    ),
    Attack(
        "sends-millions-of-lines",
        "import json, os, struct\n"
        "out = {'output_type': 'error', 'ename': '', 'evalue': '', 'traceback': [''] * 900_000}\n"
        "told = json.dumps([8, out], separators=(',', ':')).encode()\n"
        "for n in range(2):\n    os.write(3, struct.pack('>cI', b'o', len(told)) + told)\n" + GOOD,
        FULL,
    ),
    Attack(
        "shows-a-huge-picture",
        "import struct, zlib\nfrom IPython.display import publish_display_data\n"
        "def chunk(kind, data):\n    body = kind + data\n"
        "    return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body))\n"
        "rows = zlib.compress(bytes(30_000 * 3_751))\n"
        "png = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 30_000, 30_000, 1, 0, 0, 0, 0))\n"
        "publish_display_data({'image/png': png + chunk(b'IDAT', rows) + chunk(b'IEND', b'')})\n" + GOOD,
        FULL,
        says=("a picture of 30,000 x 30,000 pixels was left out",),
    ),
    Attack(
        "hides-seconds",
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nfor _ in range(60):\n"
        "    if os.fork() == 0:\n        end = time.process_time() + 0.4\n"
        "        while time.process_time() < end:\n            pass\n        os._exit(0)\n    time.sleep(0.1)\n"
        + GOOD,
        says=("computed for more than",),
    ),
    Attack(
        "memory-of-programs",
        "import subprocess, sys, time\nfor _ in range(16):\n    subprocess.Popen([sys.executable, '-c',"
        " 'x = bytearray(b\"x\") * 40_000_000; import time; time.sleep(1e6)'])\ntime.sleep(1e6)\n" + GOOD,
        says=("GB of memory and was stopped",),
    ),
    # Files that are no notebooks.
    Attack("text", data=b"Dear all", classic=0.0, says=("not JSON",)),
    Attack("empty", data=b"", classic=0.0, says=("The file is empty",)),
    Attack("latin", data=b'{"a": "\xe9"}', classic=0.0, says=("not text in UTF-8",)),
    Attack("list", data=b"[]", classic=0.0, says=("no list of cells",)),
    Attack("deep", data=b"[" * 200_000, classic=0.0, says=("nested too deeply",)),
    Attack("old", data=b'{"nbformat": 3, "worksheets": []}', classic=0.0, says=("old format 3",)),
    Attack("other-notebook", data=b'{"nbformat": 4, "cells": []}', classic=0.0, says=("None of the exercise",)),
    Attack("crowd", points=FULL, change=_crowd),
    Attack(
        "surrogate",
        GOOD + "# half a character: HALF",
        FULL,
        mangle=lambda data: data.replace(b"HALF", b"\\ud800"),
        says=("lone surrogates",),
    ),
    Attack("byte-order-mark", points=FULL, mangle=lambda data: b"\xef\xbb\xbf" + data),
    Attack("future-format", points=FULL, mangle=lambda data: data.replace(b'"nbformat": 4', b'"nbformat": 5')),
    Attack("foreign-kernel", points=FULL, change=_foreign),
    Attack("bad-timestamp", points=FULL, files={"timestamp.txt": "yesterday <script>"}),
    Attack("timestamp-of-no-calendar", points=FULL, files={"timestamp.txt": "9999-12-31 23:59:59 -12:00"}),
]
