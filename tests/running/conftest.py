"""Real processes on a database of their own: a server, and the command line beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from core.cli import polydesk
from core.config import load_config
from core.db import clear_session, db
from core.tenancy import as_tenant, find_tenant
from tests.conftest import POSTGRESQL, make_app, migrate
from tests.services import fresh_postgresql, fresh_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

BIN = Path(sys.executable).parent
PATIENCE = 30


@dataclass(frozen=True)
class Installation:
    """An installation as an operator has it: environment and port."""

    environment: dict[str, str]
    port: int

    @cached_property
    def app(self) -> Flask:
        """The application within this process, on the installation's database."""
        return make_app(load_config(self.environment))

    @contextmanager
    def inside(self, slug: str = "") -> Iterator[None]:
        """Speak to services, as the tenant of that name when one is given; no connection stays open."""
        with self.app.app_context():
            try:
                with as_tenant(find_tenant(slug)) if slug else nullcontext():
                    yield
            finally:
                clear_session()
                for engine in db.engines.values():
                    engine.dispose()

    def polydesk(self, *words: str) -> str:
        """Run a command in a fresh process; gives what it printed."""
        done = subprocess.run(
            [BIN / "polydesk", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def quickly(self, *words: str) -> str:
        """Run a command within this process, for what a story takes for granted; gives what it printed."""
        commands = click.Group(commands=dict(polydesk.commands))
        hook = self.app.extensions["polydesk_plugins"][0].hook
        for filled in hook.register_commands.get_hookimpls():
            filled.function(commands)
        with self.inside():
            done = CliRunner().invoke(commands, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def token(
        self, slug: str, mail: str, scopes: str = "ticket:read ticket:write event:read"
    ) -> str:
        """A fresh bearer token of a user."""
        printed = self.quickly(
            "tokens", "create", "--tenant", slug, "--user", mail, "--scopes", scopes
        )
        return next(word for word in printed.split() if word.startswith(f"pd_{slug}_"))

    def get(
        self, path: str, *, host: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of a GET, redirects not followed."""
        return self.request("GET", path, host=host, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        host: str = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of any request."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body, method=method
        )
        request.add_header("Host", host or f"localhost:{self.port}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    @contextmanager
    def running(
        self, *command: str, patience: float = PATIENCE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a server process and wait until it answers; it is stopped at the end."""
        log = Path(self.environment["POLYDESK_DATA"]) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [BIN / command[0], *command[1:]],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait(process, log, patience)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)

    def _wait(self, process: subprocess.Popen[bytes], log: Path, patience: float) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            try:
                if self.get("/livez")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(log.read_text())


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def installation(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Installation:
    """An empty, migrated installation on the suite's database kind."""
    name = f"run_{worker_id}_{os.getpid()}_{time.monotonic_ns()}"
    if POSTGRESQL:
        urls = fresh_postgresql(name, migrate)
    else:
        shared = tmp_path_factory.getbasetemp()
        urls = fresh_sqlite(shared if worker_id == "master" else shared.parent, name, migrate)
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "POLYDESK_WITHOUT": os.environ.get("POLYDESK_WITHOUT", ""),
        "POLYDESK_DATA": str(tmp_path / "data"),
        "POLYDESK_URL": f"http://localhost:{port}",
        "POLYDESK_BIND": f"127.0.0.1:{port}",
        "DATABASE_URL": urls["app"],
        "DATABASE_OWNER_URL": urls["owner"],
        "DATABASE_WORKER_URL": urls["worker"],
    }
    return Installation(environment, port)
