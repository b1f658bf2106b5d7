"""What exists of apps in a world of the habits: one app, installed and on, that answers; and a client of OAuth."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
from functools import cache

from core.apps import manifest as manifests
from core.apps import service
from core.db import transaction
from core.errors import NotFound
from core.oauth import service as clients
from tests.apps.conftest import body

ANSWER = json.dumps({"message": "Well", "blocks": [{"kind": "text", "value": "Polly"}]}).encode()


class Parrot(http.server.BaseHTTPRequestHandler):
    """An app that always says the same."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *words):
        pass


@cache
def _port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Parrot)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server.server_port


def _reachable(world):
    known = world.app.extensions["polydesk_config"]
    allowed = dataclasses.replace(known, egress_allow=("127.0.0.1",))
    world.app.extensions["polydesk_config"] = allowed


def _name(world):
    return "parrot_" + world.slug.replace("-", "_")


def written(world, name=""):
    """A manifest as somebody pastes it."""
    address = f"http://127.0.0.1:{_port()}"
    title = {"zh-CN": "Parrot", "en": "Parrot"}
    return json.dumps(body(name=name or _name(world), title=title, base_url=address))


def _installed(world):
    """The app is there and on."""
    _reachable(world)
    actor = world.rightful_actor()
    with transaction():
        try:
            service.enable(_name(world), actor=actor)
        except NotFound:
            service.install(manifests.check(written(world)).manifest, actor=actor)


def values(world):
    """The app's name, its action, and an app that only OAuth knows."""
    _installed(world)
    with transaction():
        client, _ = clients.register_client(
            "Stranger", scopes=["ticket:read"], grant_types=["client_credentials"],
            actor=world.rightful_actor(),
        )  # fmt: skip
    return {
        "app_name": _name(world),
        "action_name": "say",
        "console_clients:client_id": str(client.id),
    }


def more(world):
    """Pages of an app that no rule names: its drawer."""
    drawer = f"/console/plugins?p=app-{_name(world)}&tab="
    return [drawer + tab for tab in ("settings", "permissions", "offers", "keys", "log")]


ROUTES = ("enable", "disable", "save", "rotate", "uninstall")
BEFORE = {f"console_apps.{name}": _installed for name in ROUTES} | {
    "desk.app_form": _installed,
    "desk.run_app": _installed,
}
BODIES = {
    "console_apps.review": lambda world: {"manifest": written(world), "file": None},
    "console_apps.install": lambda world: {"manifest": written(world, "another_parrot")},
    "desk.run_app": lambda _world: {"words": "Hello"},
}
PAGES = {
    "console_apps.save": "/console/plugins?p=app-{app_name}",
    "console_apps.enable": "/console/plugins",
    "console_apps.disable": "/console/plugins",
    "console_apps.rotate": "/console/plugins?p=app-{app_name}&tab=keys",
    "console_apps.uninstall": "/console/plugins?p=app-{app_name}&tab=keys",
}
