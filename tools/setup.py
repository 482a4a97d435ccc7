"""Set up everything the course needs, with nothing but Python's standard library: `python3 tools/setup.py`.

Safe to repeat: when nothing has changed it only looks, and ends within a second. It runs under whatever
Python there is, also one that is too old, so it is written without anything newer than Python 3.6.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "ready")
LOG = os.path.join(ROOT, "build", "setup.log")


class SetupError(Exception):
    """Something stands in the way; the message is one sentence with the way out."""


def main():
    """Set up; returns the process's exit code."""
    try:
        python = find_python()
        offer_system_packages()
        make_environment(python)
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"Set-up stopped: {error.filename or ROOT}: {error.strerror}. Use a copy of the course in a folder "
            "that you may write to, with 4 GB of free disk.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("Set-up was interrupted. Run the same command again; it starts over cleanly.", file=sys.stderr)
        return 130
    return 0


def find_python():
    """The interpreter to build the environment with: this one if it fits, else a fitting one on the path."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.call([found, "-c", "pass"], stderr=subprocess.DEVNULL) == 0:
            return found
    raise SetupError(
        "this is Python {}.{}, and the course needs {}.{} to {}.{}. Install one of those and name it: "
        "make lab PYTHON=/path/to/python3.12".format(*sys.version_info[:2] + OLDEST + NEWEST)
    )


def system_packages():
    """What apt.txt lists: pairs of a package and what is lost without it."""
    pairs, cost = [], ""
    with open(os.path.join(ROOT, "apt.txt")) as lines:
        for line in map(str.strip, lines):
            if line.startswith("#"):
                cost = line.lstrip("# ")
            elif line:
                pairs.append((line, cost))
    return pairs


def is_installed(package):
    """Whether Debian's package manager knows the package as installed."""
    status = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return status.stdout == b"installed"


def offer_system_packages():
    """Install missing Debian packages as root; otherwise say what is missing and what that costs."""
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        return
    missing = [(package, cost) for package, cost in system_packages() if not is_installed(package)]
    if missing and os.geteuid() == 0:
        names = [package for package, _ in missing]
        print("Installing Debian packages: {} ...".format(" ".join(names)), flush=True)
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        install = ["apt-get", "install", "-y", "--no-install-recommends"]
        for command in (["apt-get", "update"], install + names):
            if run(command, environment) != 0:
                break
        missing = [(package, cost) for package, cost in missing if not is_installed(package)]
    for package, cost in missing:
        print(f"Missing Debian package {package}: {cost}. An administrator can run: apt-get install {package}")


def make_environment(python):
    """Make .venv with the locked packages, unless the one that is there was made from the same lock."""
    wanted = fingerprint(python)
    if os.path.exists(STAMP):
        with open(STAMP) as stamp:
            if stamp.read() == wanted:
                return
    print("Making .venv and installing the locked packages, one to three minutes ...", flush=True)
    old = VENV + ".old"
    if os.path.exists(VENV):
        shutil.rmtree(old, ignore_errors=True)
        os.rename(VENV, old)  # comes back, and still works, if the new one cannot be made
    try:
        install_packages(python)
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        if os.path.exists(old):
            os.rename(old, VENV)
        raise
    quieten_jupyterlab()
    with open(STAMP, "w") as stamp:
        stamp.write(wanted)
    shutil.rmtree(old, ignore_errors=True)


def install_packages(python):
    """Fill .venv: pip checks every file against the lock's hashes, and builds nothing but this project."""
    if run([python, "-m", "venv", VENV]) != 0:
        raise SetupError(
            f"{python} cannot make a virtual environment; on Debian an administrator can run: "
            "apt-get install python3-venv (details in build/setup.log)"
        )
    pip = [os.path.join(VENV, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    pip += ["--quiet", "--retries", "2"]
    lock = os.path.join(ROOT, "requirements.lock")
    if run(pip + ["--require-hashes", "--no-deps", "-r", lock]) != 0:
        raise SetupError(
            f"the packages could not be installed: {last_error()}. With a network connection, or with "
            "PIP_INDEX_URL set to a mirror in reach, run the same command again (details in build/setup.log)"
        )
    if run(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT]) != 0:
        raise SetupError(f"this project could not be installed into .venv: {last_error()}")


def quieten_jupyterlab():
    """Set JupyterLab's defaults so that it neither asks about news nor calls home."""
    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(folder, exist_ok=True)
    silent = {"fetchNews": "false", "checkForUpdates": False}
    with open(os.path.join(folder, "overrides.json"), "w") as overrides:
        json.dump({"@jupyterlab/apputils-extension:notification": silent}, overrides)


def fingerprint(python):
    """What .venv is made from: the lock, the project's own description, this place and the interpreter."""
    digest = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    digest.update(repr((ROOT, os.path.realpath(python))).encode())
    return digest.hexdigest()


def run(command, environment=None):
    """Run a command with its output in the log; returns its exit code."""
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    with open(LOG, "ab") as log:
        log.write("\n$ {}\n".format(" ".join(command)).encode())
        log.flush()
        try:
            return subprocess.call(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        except OSError as error:
            log.write(str(error).encode())
            return 127


def last_error():
    """The last line of the log that says ERROR, without that word."""
    with open(LOG, "rb") as log:
        lines = log.read().decode(errors="replace").splitlines()
    errors = [line[6:].strip() for line in lines if line.startswith("ERROR:")]
    return errors[-1].rstrip(".") if errors else "pip gave no reason"


if __name__ == "__main__":
    sys.exit(main())
