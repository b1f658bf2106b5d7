"""The only way out: what it refuses, what it bounds, and that it does get out."""

import datetime as dt
import http.server
import ssl
import threading
import time
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import egress
from core.config import Config
from core.db import transaction
from core.egress import EgressFailed, EgressRefused, fetch
from core.errors import PolydeskError

# The nineteen ways to write "inside the house" (platform.md §4 row 8).
INSIDE = (
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://224.0.0.1/",
)
MALFORMED = {
    "http://example.com/": "scheme",
    "ftp://example.com/": "scheme",
    "file:///etc/passwd": "scheme",
    "//example.com/": "scheme",
    "https://user:word@example.com/": "userinfo",
    "https://user@example.com/": "userinfo",
    "https://example.com:22/": "port",
    "https://example.com:6379/": "port",
    "https://example.com:99999/": "host",
    "https://": "host",
    "https://exa mple.com/": "host",
    "https://example.com\\@127.0.0.1/": "host",
    "https://example.com\r\nHost: x/": "host",
    "https://%31%32%37.0.0.1/": "host",
    "https://①②⑦.0.0.1/": "host",
    "https://[::1/": "host",
    f"https://example.com/{'a' * 2000}": "host",
}


class Stranger(http.server.BaseHTTPRequestHandler):
    """A server that behaves as its path says."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[str]] = []

    def do_POST(self):
        Stranger.seen.append(self.path)
        length = int(self.headers.get("Content-Length", 0))
        getattr(self, self.path.strip("/"))(self.rfile.read(length))

    do_GET = do_POST  # noqa: N815  the server calls it so

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def echo(self, body):
        words = f"{self.command} {self.headers['Host']} {self.headers.get('X-Given')} ".encode()
        self.say(200, words + body, X_Kind="echo")

    def away(self, _body):
        self.say(302, Location=f"http://127.0.0.1:{self.server.server_port}/echo")

    def large(self, _body):
        self.say(200, b"x" * (64 * 1024 + 1))

    def full(self, _body):
        self.say(200, b"x" * (64 * 1024))

    def endless(self, _body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        piece = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
        try:
            for _ in range(1000):
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def drip(self, _body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def broken(self, _body):
        self.wfile.write(b"what do you want\r\n\r\n")
        self.close_connection = True

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def stranger():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def allow(app, monkeypatch):
    """Let the operator allow hosts."""

    def hosts(*names: str) -> None:
        known = app.extensions["polydesk_config"]
        changed = Config(**{**vars(known), "egress_allow": names})
        monkeypatch.setitem(app.extensions, "polydesk_config", changed)

    return hosts


@pytest.mark.parametrize("url", INSIDE)
def test_whatever_leads_inside_is_refused(context, url):
    assert len(set(INSIDE)) == 19
    with pytest.raises(EgressRefused) as refused:
        fetch("GET", url)
    assert refused.value.data["reason"] == "address"


@pytest.mark.parametrize(("url", "reason"), MALFORMED.items())
def test_an_address_must_look_like_one(context, url, reason):
    with pytest.raises(EgressRefused) as refused:
        fetch("GET", url)
    assert refused.value.data["reason"] == reason


def test_the_public_internet_is_public():
    outside = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
    assert [address for address in outside if not egress.is_public(address)] == []
    inside = (
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "::7f00:1",
        "fec0::1",
        "ff02::1",
        "240.0.0.1",
        "2002:808:808::",
    )
    assert [address for address in inside if egress.is_public(address)] == []


def test_one_inner_address_among_public_ones_is_enough_to_refuse(context, monkeypatch):
    monkeypatch.setattr(egress, "resolve", lambda host, port: ["93.184.216.34", "10.0.0.7"])
    with pytest.raises(EgressRefused, match="public internet"):
        fetch("GET", "https://two-faced.example/")


def test_a_name_is_resolved_once_and_that_very_address_is_asked(context, monkeypatch):
    """A rebinding resolver says a good address first and a bad one ever after: nobody asks it again."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    monkeypatch.setattr(egress, "resolve", lambda host, port: next(answers))
    asked = []

    def create_connection(address, timeout):
        asked.append(address)
        raise OSError("no network in a test")

    monkeypatch.setattr(egress.socket, "create_connection", create_connection)
    with pytest.raises(EgressFailed):
        fetch("GET", "https://rebinding.example/")
    assert asked == [("93.184.216.34", 443)]
    with pytest.raises(EgressRefused):
        fetch("GET", "https://rebinding.example/")


def test_an_allowed_host_answers(context, allow, stranger):
    allow("127.0.0.1")
    answer = fetch("POST", f"{stranger}/echo", body=b"hello", headers={"X-Given": "1"})
    host = stranger.removeprefix("http://").encode()
    assert (answer.status, answer.body) == (200, b"POST " + host + b" 1 hello")
    assert answer.headers["x-kind"] == "echo"


def test_an_allowed_host_is_that_host_and_no_other_spelling(context, allow, stranger):
    port = stranger.rpartition(":")[2]
    allow("127.0.0.1")
    for spelling in ("127.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"):
        with pytest.raises(EgressRefused):
            fetch("GET", f"http://{spelling}:{port}/echo")
    allow(f"127.0.0.1:{port}")
    assert fetch("GET", f"{stranger}/echo").status == 200
    with pytest.raises(EgressRefused):
        fetch("GET", "http://127.0.0.1:6379/")


def test_redirects_are_answers_and_are_not_followed(context, allow, stranger):
    allow("127.0.0.1")
    Stranger.seen.clear()
    answer = fetch("GET", f"{stranger}/away")
    assert (answer.status, Stranger.seen) == (302, ["/away"])
    assert answer.headers["location"].endswith("/echo")


def test_no_proxy_of_the_environment_is_asked(context, allow, stranger, monkeypatch):
    allow("127.0.0.1")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch("GET", f"{stranger}/echo").status == 200


def test_an_answer_has_at_most_64_kilobytes(context, allow, stranger):
    allow("127.0.0.1")
    assert len(fetch("GET", f"{stranger}/full").body) == 64 * 1024
    for path in ("large", "endless"):
        with pytest.raises(EgressFailed, match="64 KB"):
            fetch("GET", f"{stranger}/{path}")


def test_who_drips_bytes_is_cut_off(context, allow, stranger):
    allow("127.0.0.1")
    begun = time.monotonic()
    with pytest.raises(EgressFailed, match="in time"):
        fetch("GET", f"{stranger}/drip", timeout=0.3)
    assert time.monotonic() - begun < 1.5


def test_a_name_that_never_resolves_is_given_up(context, monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(egress, "resolve", lambda host, port: never.wait(5) and [])
    with pytest.raises(EgressFailed, match="in time"):
        fetch("GET", "https://slow.example/", timeout=0.1)
    never.set()


def test_nonsense_and_silence_are_failures(context, allow, stranger):
    allow("127.0.0.1")
    with pytest.raises(EgressFailed, match="no answer"):
        fetch("GET", f"{stranger}/broken")
    with pytest.raises(EgressFailed, match="no answer"):
        fetch("GET", "http://127.0.0.1:1/")
    assert issubclass(EgressFailed, PolydeskError)


def test_nobody_waits_for_a_stranger_inside_a_transaction(context, allow, stranger):
    allow("127.0.0.1")
    with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        fetch("GET", f"{stranger}/echo")
    assert fetch("GET", f"{stranger}/echo").status == 200


def test_the_certificate_is_checked_for_the_name(context, allow, tmp_path, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    holder = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    holder.load_cert_chain(*_certificate(tmp_path, "hooks.example"))
    server.socket = holder.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    port = server.server_port
    monkeypatch.setattr(egress, "resolve", lambda host, port: ["127.0.0.1"])
    allow("hooks.example", "other.example")
    try:
        with pytest.raises(EgressFailed, match="certificate"):
            fetch("GET", f"https://hooks.example:{port}/echo")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        answer = fetch("GET", f"https://hooks.example:{port}/echo")
        assert answer.body.startswith(f"GET hooks.example:{port}".encode())
        with pytest.raises(EgressFailed, match="certificate"):
            fetch("GET", f"https://other.example:{port}/echo")
    finally:
        server.shutdown()
        server.server_close()


def _certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = dt.timedelta(days=1)
    begins = dt.datetime.fromtimestamp(time.time(), dt.UTC) - day
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + 2 * day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private
