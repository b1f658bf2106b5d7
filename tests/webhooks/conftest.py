"""A receiver on loopback that answers as it is told, and a tenant that may reach it."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass, field

import pytest

from core.actors import OPERATOR
from core.config import Config
from core.db import transaction
from core.webhooks import service
from tests.webhooks.telling import TOPIC


@dataclass
class Receiver:
    """What came in, and what is answered: `answers` are (status, headers, body), the last one for ever."""

    port: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    during: object = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def say(self, *statuses, headers=None, body=b"thank you"):
        self.answers[:] = [(status, headers or {}, body) for status in statuses]

    def answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.seen]


@pytest.fixture
def receiver():
    """A server of somebody else's."""
    book = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            book.seen.append((self.path, headers, body))
            if book.during:
                book.during()
            status, more, said = book.answer()
            self.send_response(status)
            for name, value in {"Content-Length": len(said), **more}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    book.port = server.server_port
    book.say(200)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield book
    server.shutdown()
    server.server_close()


@pytest.fixture
def loopback(app, monkeypatch):
    """The operator allows 127.0.0.1."""
    known = app.extensions["polydesk_config"]
    changed = Config(**{**vars(known), "egress_allow": ("127.0.0.1",)})
    monkeypatch.setitem(app.extensions, "polydesk_config", changed)


@pytest.fixture
def endpoint(tenant, receiver, loopback):
    """An endpoint at the receiver, subscribed to one topic; and its secret."""
    with transaction():
        row, secret = service.create_endpoint(receiver.url, [TOPIC], title="Ours", actor=OPERATOR)
        return row.id, secret
