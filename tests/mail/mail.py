"""A daemon that cannot deliver, three mail servers, and what arrives there."""

import email
import email.policy
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

ROOT = Path(__file__).resolve().parent.parent.parent
RELAY = ROOT / "target/debug/voicedrive-relay"
PASSWORD = "a-made-up-mail-password"
PATIENCE = 90


class Box:
    """Keeps what it is sent."""

    def __init__(self):
        self.mails = []
        self.arrived = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append((envelope, mail, session))
            self.arrived.notify_all()
        return "250 OK"

    def wait_for(self, what):
        """The first mail that fits."""
        with self.arrived:
            find = lambda: next((one for one in self.mails if what(one[1])), None)
            if not self.arrived.wait_for(find, timeout=PATIENCE):
                sys.exit(f"FAIL only {[str(mail['Subject']) for _, mail, _ in self.mails]} arrived")
            return find()


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data == LoginPassword(b"relay", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def certificate(directory):
    """A certificate for localhost, and the authority that signed it."""
    run = lambda *words: subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
        "-days", "2", "-subj", "/CN=test authority")
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem",
        "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    run("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", "names", "-out", "certificate.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")
    return context


def serve(box, port=0, **options):
    controller = Controller(box, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    return controller


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(good, what):
    if not good:
        sys.exit(f"FAIL {what}")


def main():
    directory = Path(tempfile.mkdtemp())
    context = certificate(directory)
    plain, starttls, tls = Box(), Box(), Box()
    plain_server = serve(plain)
    starttls_server = serve(
        starttls, tls_context=context, require_starttls=True, auth_required=True, authenticator=login
    )
    tls_server = serve(tls, ssl_context=context)
    channel = """
[[alerts.channel]]
kind = "email"
from = "中継 <relay@clinic.example>"
to = ["admin@clinic.example", "Night Shift <night@clinic.example>"]
"""
    config = directory / "config.toml"
    config.write_text(
        f"""
[server]
listen = "127.0.0.1:0"
[storage]
directory = "{directory}/data"
[delivery]
url = "http://127.0.0.1:9/"
[retry]
intervals_seconds = [1]
{channel}
port = {plain_server.port}
{channel}
host = "localhost"
port = {starttls_server.port}
encryption = "starttls"
username = "relay"
password = "MAIL_PASSWORD"
{channel}
host = "localhost"
port = {tls_server.port}
encryption = "tls"
"""
    )
    secrets = directory / "secrets.env"
    secrets.write_text(f"MAIL_PASSWORD={PASSWORD}\nVOICEDRIVE_WEBHOOK_SECRET=only-for-this-test\n")
    environment = {"SSL_CERT_FILE": str(directory / "ca.pem")}
    log = open(directory / "log", "w")
    daemon = subprocess.Popen([RELAY, "serve", "--config", config], env=environment, stderr=log)

    def relay(*words):
        return subprocess.run(
            [RELAY, *words, "--config", config], env={}, capture_output=True, text=True
        )

    try:
        deadline = time.monotonic() + PATIENCE
        while relay("status").returncode != 0:
            time.sleep(0.05)
            check(time.monotonic() < deadline, "the relay does not answer")
        payload = directory / "payload.json"
        payload.write_text('{"fullName": "山田 太郎"}')
        check(relay("send", "employee.created", "--data", payload).returncode == 0, "send")
        for name, box in {"plain": plain, "STARTTLS": starttls, "TLS": tls}.items():
            envelope, mail, session = box.wait_for(lambda mail: "要対応のイベント" in mail["Subject"])
            looks_good(name, envelope, mail)
            if name == "STARTTLS":
                check(session.ssl is not None and session.authenticated, "neither encrypted nor logged in")
        tested = relay("alert", "test")
        check(tested.returncode == 0, f"alert test: {tested.stdout}{tested.stderr}")
        starttls.wait_for(lambda mail: "テスト通知" in mail["Subject"])

        # A mail server that is away delays a message, and loses none.
        port = plain_server.port
        plain_server.stop()
        incidents = json.loads(relay("alert", "history", "--open", "--json").stdout)["items"]
        for incident in incidents:
            if incident["kind"] == "deliveries_exhausted":
                check(relay("alert", "dismiss", incident["incidentId"]).returncode == 0, "dismiss")
        tls.wait_for(lambda mail: "対応不要にしました" in mail["Subject"])
        while "email 1" not in relay("status").stdout:
            time.sleep(0.05)
            check(time.monotonic() < deadline, "status does not tell of the mail server that is away")
        plain_server = serve(plain, port)
        opened = plain.wait_for(lambda mail: "発生" in mail["Subject"])[1]
        over = plain.wait_for(lambda mail: "対応不要にしました" in mail["Subject"])[1]
        check(over["In-Reply-To"] == opened["Message-ID"], "the end is no answer to the beginning")

        # A wrong password is told, and is not shown.
        secrets.write_text("MAIL_PASSWORD=wrong-and-secret\nVOICEDRIVE_WEBHOOK_SECRET=only-for-this-test\n")
        check(relay("reload").returncode == 0, "reload")
        tested = relay("alert", "test")
        check(tested.returncode == 1 and "535" in tested.stdout, f"{tested.stdout}{tested.stderr}")
        check("wrong-and-secret" not in tested.stdout + tested.stderr, "the password is shown")
    finally:
        daemon.terminate()
        daemon.wait()
    written = (directory / "log").read_text()
    for word in (PASSWORD, "wrong-and-secret", "山田", "太郎"):
        check(word not in written, f"{word} is in the log")
    print(f"{len(plain.mails) + len(starttls.mails) + len(tls.mails)} mails, plain, by STARTTLS with a login and by TLS")


def looks_good(name, envelope, mail):
    check(envelope.rcpt_tos == ["admin@clinic.example", "night@clinic.example"], f"{name}: {envelope.rcpt_tos}")
    check(envelope.mail_from == "relay@clinic.example", f"{name}: {envelope.mail_from}")
    check(not mail.defects, f"{name}: {mail.defects}")
    for header in ("Date", "Message-ID", "From", "To", "Subject", "MIME-Version"):
        check(len(mail.get_all(header, [])) == 1, f"{name}: {header}")
    check(mail["Date"].datetime.tzinfo is not None, f"{name}: Date")
    check(mail["Auto-Submitted"] == "auto-generated", f"{name}: Auto-Submitted")
    check("中継" in str(mail["From"]), f"{name}: From {mail['From']}")
    check(mail.get_content_type() == "text/plain", f"{name}: {mail.get_content_type()}")
    check(mail.get_content_charset() == "utf-8", f"{name}: {mail.get_content_charset()}")
    # 7 bits and short lines travel everywhere.
    raw = envelope.content.decode("ascii")
    check(max(map(len, raw.splitlines())) <= 998, f"{name}: a line is too long")
    text = mail.get_content()
    check("voicedrive-relay resend --status exhausted" in text, f"{name}: {text}")
    check("送り先が接続を受け付けていません" in text, f"{name}: {text}")
    check("山田" not in text, f"{name}: the payload is in it")


main()
