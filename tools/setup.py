"""Set up everything the course needs, with nothing but Python's standard library: `python3 tools/setup.py`.

Safe to repeat: when nothing has changed it only looks, and ends within a second. It runs under whatever
Python there is, also one that is too old, so it is written without anything newer than Python 3.6.
"""

import ast
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
#: The systems and processors for which TensorFlow is published.
SYSTEMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64"))
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "ready")
LOG = os.path.join(ROOT, "build", "setup.log")
LOCK = os.path.join(ROOT, "requirements.lock")
INSTALLER = os.path.join(ROOT, "tools", "installer.lock")

#: pip's settings that uv knows under another name, as environment variables. It takes several places apart
#: by spaces, of those to find files in by commas.
UV_SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "no-cache-dir": ("UV_NO_CACHE", " "),
}


class SetupError(Exception):
    """Something stands in the way; the message is one sentence with the way out."""


def main():
    """Set up; returns the process's exit code."""
    try:
        look_at_system()
        python = find_python()
        offer_system_packages()
        make_environment(python)
        return get_data()
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Set-up stopped: {error.filename or ROOT}: {error.strerror}. {way_out(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up was interrupted. Run the same command again; it starts over cleanly.", file=sys.stderr)
        return 130


def way_out(error):
    """What to do about an OSError."""
    if os.name == "nt" and isinstance(error, PermissionError) and os.path.exists(VENV):
        return "Close JupyterLab and every other program of this course, and run the same command again."
    return "Use a copy of the course in a folder that you may write to, with 4 GB of free disk."


def program(name):
    """Where a program of .venv is, on this system."""
    return os.path.join(VENV, "Scripts", name + ".exe") if os.name == "nt" else os.path.join(VENV, "bin", name)


def look_at_system():
    """Raise SetupError where TensorFlow cannot be had, before anything is done."""
    system = sys.platform, platform.machine()
    if system not in SYSTEMS:
        raise SetupError(
            "TensorFlow, which the course needs, is not published for {} on {}. Use Linux or Windows on a usual "
            "processor, a Mac with Apple silicon and a Python made for it, or Binder (see README.md).".format(
                *system[::-1]
            )
        )


def find_python():
    """The interpreter to build the environment with: this one if it fits, else a fitting one on the path."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        # Started with the Python of .venv, it would remove what it runs from: take the one behind that.
        return getattr(sys, "_base_executable", None) or sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.call([found, "-c", "pass"], stderr=subprocess.DEVNULL) == 0:
            return found
        if os.name == "nt" and shutil.which("py"):  # Windows names no Python by its version, but has a launcher
            ask = ["py", f"-3.{minor}", "-c", "import sys; print(sys.executable)"]
            asked = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if asked.returncode == 0:
                return asked.stdout.decode().strip()
    windows, others = r"C:\path\to\python.exe tools\setup.py", "make lab PYTHON=/path/to/python3.12"
    raise SetupError(
        "this is Python {}.{}, and the course needs {}.{} to {}.{}. Install one of those and name it: {}".format(
            *sys.version_info[:2], *OLDEST, *NEWEST, windows if os.name == "nt" else others
        )
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
    print("Making .venv and installing the locked packages, half a minute to three minutes ...", flush=True)
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
    """Fill .venv with what the lock names, and with this project; every file is checked against the lock's hashes.

    uv does it several times as fast as pip. Where it cannot be had, or fails, pip does it from the start.
    """
    make_empty(python)
    if install_uv():
        if fill_with_uv():
            return
        make_empty(python)  # without what a failed installation has left
    fill_with_pip()


def make_empty(python):
    """Make .venv with nothing in it but pip."""
    if run([python, "-m", "venv", "--clear", VENV]) != 0:
        raise SetupError(
            f"{python} cannot make a virtual environment; on Debian an administrator can run: "
            "apt-get install python3-venv (details in build/setup.log)"
        )


def pip_install(*arguments):
    """Have .venv's pip install something; returns its exit code."""
    quiet = ["--disable-pip-version-check", "install", "--quiet"]
    return run([program("python"), "-m", "pip"] + quiet + list(arguments))


def install_uv():
    """Whether uv could be put into .venv, in the version and with the hashes of tools/installer.lock."""
    return pip_install("--retries", "0", "--require-hashes", "--no-deps", "-r", INSTALLER) == 0


def fill_with_uv():
    """Whether uv could install everything."""
    told = pip_settings()
    uv = [program("uv"), "pip", "install", "--quiet", "--python", program("python"), "--no-deps"]
    if told.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        uv += ["--no-index"]
    # Several indexes may have a package, and the lock says by its hash which file is meant: look in all of them.
    locked = uv + ["--require-hashes", "--index-strategy", "unsafe-best-match", "-r", LOCK]
    # Code that is not compiled now would be compiled anew in each run of a submission, which cannot save it.
    locked += ["--compile-bytecode"]
    project = uv + ["--no-build-isolation", "--editable", ROOT]
    environment = uv_environment(told)
    return run(locked, environment) == 0 and run(project, environment) == 0


def uv_environment(told):
    """This process's environment with pip's settings for uv; what is said to uv itself counts more.

    They go through the environment because an address may contain a password, and commands go to the log.
    """
    environment = dict(os.environ)
    for setting, (name, between) in UV_SETTINGS.items():
        if setting in told:
            environment.setdefault(name, between.join(told[setting].split()))
    return environment


def pip_settings():
    """What `pip install` has been told in its files and in the environment: values by the settings' names."""
    asked = subprocess.run(
        [program("python"), "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    lines = asked.stdout.decode(errors="replace").splitlines()
    found = {}
    for section in ("global", "install", ":env:"):  # the later ones win
        for line in lines:
            name, _, value = line.partition("=")
            if name.startswith(section + "."):
                found[name[len(section) + 1 :]] = ast.literal_eval(value)
    return found


def fill_with_pip():
    """Install everything with pip, or say why that cannot be done."""
    if pip_install("--retries", "2", "--require-hashes", "--no-deps", "-r", LOCK) != 0:
        raise SetupError(
            f"the packages could not be installed: {last_error()}. With a network connection, or with "
            "PIP_INDEX_URL set to a mirror in reach, run the same command again (details in build/setup.log)"
        )
    if pip_install("--no-deps", "--no-build-isolation", "--editable", ROOT) != 0:
        raise SetupError(f"this project could not be installed into .venv: {last_error()}")


def get_data():
    """Verify the course's data and fetch what is missing; returns the process's exit code."""
    ask = [program("python"), "-m"]
    code = subprocess.call(ask + ["course.sources.datasets"], cwd=ROOT)
    if code == 0 and subprocess.call(ask + ["course.sources.fashion_mnist"], cwd=ROOT) != 0:
        print("Everything but notebook 04 works without it.", flush=True)
    return code


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
    for name in (LOCK, os.path.join(ROOT, "pyproject.toml")):
        with open(name, "rb") as file:
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
