"""An app as a process of its own, installed in the tenant of the test, beside a server of ours that it can ask."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

from werkzeug.serving import make_server

from core.actors import OPERATOR
from core.apps import service
from core.apps.manifest import check
from core.db import clear_session, transaction
from core.tickets import service as tickets

PATIENCE = 20


@contextmanager
def living(app, monkeypatch, manifest, command, **environment):
    """Install the app of `manifest` on a free port and run `command` with its keys; gives the keys."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://localhost:{server.server_port}"
    config = dataclasses.replace(app.extensions["polydesk_config"], url=url)
    monkeypatch.setitem(app.extensions, "polydesk_config", config)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    written = json.dumps(manifest | {"base_url": f"http://127.0.0.1:{port}"})
    with transaction():
        _, keys = service.install(check(written).manifest, actor=OPERATOR)
    clear_session()
    given = {name.upper(): value for name, value in dataclasses.asdict(keys).items()}
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], "POLYDESK_URL": url, "PORT": str(port)}
        | given
        | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield keys
    finally:
        process.terminate()
        process.wait(timeout=10)
        server.shutdown()
        server.server_close()


def _wait(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the app did not start")


def close(ticket_id, actor):
    """Move a ticket through its workflow to the end."""
    for name, answers in (("resolve", {"solution": "Done"}), ("close", {})):
        with transaction():
            found = tickets.get_ticket(ticket_id, actor=actor)
            if not found.category:
                changes = {"category": "noise"}
                found = tickets.patch_ticket(ticket_id, changes, actor=actor, version=found.version)
            tickets.move_ticket(ticket_id, name, answers, actor=actor, version=found.version)
