"""Real receivers on loopback: a mail server and an HTTPS server, each of which can be told to fail."""

import datetime
import email
import ipaddress
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What a mail server took. ``answer``: what it says to a message; ``at_data``: what happens when it has one in hand."""

    port: int = 0
    answer: str = "250 OK"
    at_data: Callable[[], None] = field(default=lambda: None)
    mails: list[tuple[list[str], Message]] = field(default_factory=list)


class _Talk(socketserver.StreamRequestHandler):
    box: Mailbox

    def handle(self) -> None:
        self.timeout = 5
        self._say("220 test")
        to: list[str] = []
        for line in iter(self.rfile.readline, b""):
            word = line.strip().upper()
            if word.startswith(b"RCPT"):
                to.append(line.decode().partition("<")[2].partition(">")[0])
            if word == b"DATA":
                self._say("354 go on")
                lines = []
                for each in iter(self.rfile.readline, b".\r\n"):
                    lines.append(each.removeprefix(b".") if each.startswith(b"..") else each)
                self.box.mails.append((to, email.message_from_bytes(b"".join(lines))))
                self.box.at_data()
                self._say(self.box.answer)
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 OK")

    def _say(self, text: str) -> None:
        with suppress(OSError):
            self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """The other side was killed, as the test wanted."""


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    with _Server(("127.0.0.1", 0), type("Talk", (_Talk,), {"box": box})) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield box
        server.shutdown()


@dataclass
class Calls:
    """What an HTTPS server took: headers and body."""

    url: str = ""
    status: int = 200
    location: str = ""
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.seen]


@contextmanager
def https_server(folder: Path) -> Iterator[tuple[Calls, Path]]:
    """The server, and the certificate it is to be trusted by."""
    certificate, key = _certificate(folder)
    calls = Calls()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(calls.status)
            if calls.location:
                self.send_header("Location", calls.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    class Quiet(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A certificate was not trusted, as the test wanted."""

    server = Quiet(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    calls.url = f"https://localhost:{server.server_address[1]}/notices?from=city"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield calls, certificate
    server.shutdown()
    server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "receiver.pem", folder / "receiver.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
