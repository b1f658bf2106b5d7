"""Throwaway PostgreSQL and Redis for the tests, on free ports, never as root.

`python -m tests.services COMMAND...` starts both, runs the command with their addresses in the
environment and tears them down; without a command it prints the addresses and waits. A test run of
its own starts what it needs by `start_postgresql()` and `start_redis()`, which find what is running
already.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

POSTGRESQL = "POLYDESK_TEST_POSTGRESQL"
REDIS = "POLYDESK_TEST_REDIS"
ROLES = {"owner": "polydesk_owner", "app": "polydesk_app", "worker": "polydesk_worker"}
TEMPLATE = "polydesk_template"
PATIENCE = 30
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}


class ServiceError(RuntimeError):
    """A server is missing or did not come up; the message holds its last words."""


def start_postgresql() -> dict[str, str]:
    """URLs of a PostgreSQL for `admin`, `owner`, `app` and `worker`; started unless one runs."""
    if POSTGRESQL not in os.environ:
        os.environ[POSTGRESQL] = json.dumps(_start_postgresql())
    urls: dict[str, str] = json.loads(os.environ[POSTGRESQL])
    return urls


def start_redis() -> str:
    """The URL of a Redis server; started unless one runs."""
    if REDIS not in os.environ:
        port = _free_port()
        folder = _folder("polydesk-redis-")
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        process = _start([_program("redis-server"), *options], folder)
        _wait(lambda: _answers(port), process, folder)
        os.environ[REDIS] = f"redis://127.0.0.1:{port}/0"
    return os.environ[REDIS]


def fresh_postgresql(name: str, migrate: Callable[[Mapping[str, str]], None]) -> dict[str, str]:
    """A database of that name, copied from a template that `migrate` filled once; gives its URLs.

    `migrate` gets URLs by role and must leave no connection open. Processes wait for each other.
    """
    urls = start_postgresql()
    with psycopg.connect(_dsn(urls["admin"]), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(1)")
        found = connection.execute(
            "select 1 from pg_database where datname = %s", [f"{TEMPLATE}_ready"]
        )
        if found.fetchone() is None:
            _create(connection, TEMPLATE, "template0")
            migrate(_urls_of(urls, TEMPLATE))
            rename = sql.SQL("alter database {} rename to {}")
            ready = sql.Identifier(f"{TEMPLATE}_ready")
            connection.execute(rename.format(sql.Identifier(TEMPLATE), ready))
        _create(connection, name, f"{TEMPLATE}_ready")
    return _urls_of(urls, name)


def empty_postgresql(name: str) -> dict[str, str]:
    """A database of that name with nothing in it; gives its URLs."""
    urls = start_postgresql()
    with psycopg.connect(_dsn(urls["admin"]), autocommit=True) as connection:
        _create(connection, name, "template0")
    return _urls_of(urls, name)


def fresh_sqlite(
    folder: Path, name: str, migrate: Callable[[Mapping[str, str]], None]
) -> dict[str, str]:
    """A SQLite file of that name in `folder`, copied from one that `migrate` filled once."""
    template = folder / f"{TEMPLATE}.db"
    with _locked(folder / f"{TEMPLATE}.lock"):
        if not template.exists():
            fresh = folder / f"{TEMPLATE}-new.db"
            fresh.unlink(missing_ok=True)
            migrate(dict.fromkeys(ROLES, f"sqlite:///{fresh}"))
            # what still lies in the write-ahead log must come along
            _checkpoint(fresh)
            fresh.rename(template)
    target = folder / f"{name}.db"
    for leftover in folder.glob(f"{name}.db*"):
        leftover.unlink()
    shutil.copy(template, target)
    return dict.fromkeys(ROLES, f"sqlite:///{target}")


def _checkpoint(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start_postgresql() -> dict[str, str]:
    folder, port = _folder("polydesk-postgresql-"), _free_port()
    password = secrets.token_hex(16)
    secret = folder / "password"
    secret.write_text(password)
    _own(secret)
    data = folder / "data"
    make = [
        _program("initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "--auth=password",
        f"--pwfile={secret}",
    ]
    made = subprocess.run(
        _unprivileged([*make, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ServiceError(made.stderr)
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    process = _start([_program("postgres"), "-D", str(data), "-p", str(port), *options], folder)
    admin = f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/postgres"
    _wait(lambda: _accepts(admin), process, folder)
    return _with_roles(admin, password)


def _with_roles(admin: str, password: str) -> dict[str, str]:
    """Roles as a careful operator makes them: app and worker own nothing, pass no row security."""
    create = sql.SQL(
        "create role {} login password {} nosuperuser nobypassrls nocreatedb nocreaterole"
    )
    with psycopg.connect(_dsn(admin), autocommit=True) as connection:
        for role in ROLES.values():
            connection.execute(create.format(sql.Identifier(role), sql.Literal(password)))
    urls = {name: admin.replace("postgres:", f"{role}:", 1) for name, role in ROLES.items()}
    return {"admin": admin, **urls}


def _create(connection: psycopg.Connection, name: str, template: str) -> None:
    drop = sql.SQL("drop database if exists {} with (force)")
    create = sql.SQL("create database {} owner {} template {}")
    owner = sql.Identifier(ROLES["owner"])
    connection.execute(drop.format(sql.Identifier(name)))
    connection.execute(create.format(sql.Identifier(name), owner, sql.Identifier(template)))


def _urls_of(urls: Mapping[str, str], database: str) -> dict[str, str]:
    return {role: f"{url.rpartition('/')[0]}/{database}" for role, url in urls.items()}


def _dsn(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(_dsn(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _program(name: str) -> str:
    debian = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4])
    )
    found = str(debian[-1]) if debian else shutil.which(name)
    if not found:
        raise ServiceError(f"{name} is missing: tools/system-packages installs what the tests need")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _account() -> pwd.struct_passwd | None:
    """Whom a server runs as: nobody else when we are not root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError(
        "neither postgres nor nobody is an account here, and servers never run as root"
    )


def _own(path: Path) -> None:
    if account := _account():
        os.chown(path, account.pw_uid, account.pw_gid)


def _folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    _own(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _unprivileged(command: list[str]) -> list[str]:
    """The command as another account than root; it ends with us, even when we are killed."""
    ending = ["--pdeathsig", "INT"] if shutil.which("setpriv") else []
    if account := _account():
        identity = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return ["setpriv", *identity, *ending, "--", *command]
    return ["setpriv", *ending, "--", *command] if ending else command


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _unprivileged(command),
            cwd=folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    atexit.register(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it within seconds: PostgreSQL takes SIGINT as "fast", Redis as an orderly end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise ServiceError((folder / "log").read_text(errors="replace"))
        time.sleep(0.05)


def main(command: list[str]) -> int:
    """Start both servers around a command, or until Ctrl-C."""
    addresses = {**start_postgresql(), "redis": start_redis()}
    if command:
        return subprocess.run(command, check=False).returncode
    for name, address in addresses.items():
        print(f"{name:8} {address}", flush=True)  # noqa: T201  the answer to whoever called
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
