"""Loyalty bridge, a remote app of Polydesk in one file: points at the ticket, and more of them when it is closed."""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
import urllib.request
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLYDESK = os.environ.get("POLYDESK_URL", "http://localhost:8080")
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
WEBHOOK_SECRET = os.environ["WEBHOOK_SECRET"]
PORT, BOOK = int(os.environ.get("PORT", "8700")), os.environ.get("BOOK", "points.db")
TITLES = {
    "points": {"zh-CN": "当前积分", "en": "Points"},
    "level": {"zh-CN": "等级", "en": "Level"},
}
LEVELS = ((1000, "Gold"), (200, "Silver"), (0, "Bronze"))
FIVE_MINUTES, token = 300, {"value": "", "until": 0.0}


def book(sql: str, *values: object) -> list[tuple]:
    """Ask or write the book of points; one row per message, so that a repeated message counts once."""
    with sqlite3.connect(BOOK) as connection:
        connection.execute(
            "create table if not exists entry (message primary key, contact, points)"
        )
        connection.execute("create table if not exists setting (id primary key, value)")
        return connection.execute(sql, values).fetchall()


def signed(headers: Message, body: bytes) -> bool:
    """Whether Polydesk sent this within the last five minutes (Standard Webhooks)."""
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > FIVE_MINUTES:
        return False
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(digest)
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(wanted, each) for each in given)


def ask(method: str, path: str, body: bytes | None = None, **headers: str) -> dict:
    """One request to Polydesk; its answer as JSON."""
    asked = urllib.request.Request(POLYDESK + path, body, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def api(method: str, path: str, body: dict | None = None, key: str = "") -> dict:
    """One request to the REST API, as the app itself (client credentials)."""
    if token["until"] < time.time():
        form = f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
        given = ask("POST", "/api/v1/oauth/token", form.encode())
        token.update(value=given["access_token"], until=time.time() + given["expires_in"] - 30)
    headers = {"Authorization": f"Bearer {token['value']}", "Content-Type": "application/json"}
    sent = json.dumps(body).encode() if body else None
    return ask(method, path, sent, **headers, **({"Idempotency-Key": key} if key else {}))


def blocks(contact: str) -> list[dict]:
    """What the box at the ticket shows."""
    ((points,),) = book("select coalesce(sum(points), 0) from entry where contact = ?", contact)
    return [{"kind": "rows", "items": [[{"zh-CN": "当前积分", "en": "Points"}, points]]}]


def panel(_message: str, data: dict) -> dict:
    """The box at the ticket; its settings are kept for events, which bring none."""
    book("insert or replace into setting values (1, ?)", data["settings"]["points_per_ticket"])
    contact = data["ticket"]["contact"]
    return {"blocks": blocks(contact["id"]) if contact else []}


def action(message: str, data: dict) -> dict:
    """Somebody at the desk awards points."""
    contact, points = data["ticket"]["contact"], data["answers"]["points"]
    if not contact:
        return {"message": {"zh-CN": "工单没有客户。", "en": "The ticket has no customer."}}
    book("insert or ignore into entry values (?, ?, ?)", message, contact["id"], points)
    said = {"zh-CN": f"已赠送 {points} 积分。", "en": f"{points} points awarded."}
    return {"message": said, "blocks": blocks(contact["id"])}


def event(message: str, data: dict) -> dict:
    """A ticket was closed: points for its customer, and a note for the desk."""
    ticket = api("GET", f"/api/v1/tickets/{data['subject_id']}")
    if contact := ticket["contact_id"]:
        ((points,),) = book("select coalesce(max(value), 10) from setting")
        book("insert or ignore into entry values (?, ?, ?)", message, contact, points)
        note = {"body": f"+{points} points / 积分", "visibility": "internal"}
        api("POST", f"/api/v1/tickets/{ticket['id']}/messages", note, key=message)
    return {}


class App(BaseHTTPRequestHandler):
    """Everything that Polydesk asks is a signed POST."""

    def do_POST(self) -> None:
        """Answer a panel, an action or an event; 401 for anybody else's request."""
        body, answer = self.rfile.read(int(self.headers.get("Content-Length", 0))), None
        if signed(self.headers, body):
            told, does = json.loads(body), {"panel": panel, "action": action}
            answer = does.get(told["type"], event)(self.headers["webhook-id"], told["data"])
        self.send_response(401 if answer is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


def main() -> None:
    """Serve until stopped."""
    ThreadingHTTPServer(("127.0.0.1", PORT), App).serve_forever()


if __name__ == "__main__":
    main()
