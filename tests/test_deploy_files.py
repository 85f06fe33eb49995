"""Units, proxy, containers and log rotation, read by the programs that they are written for, where those are."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"


def run(*command: str | Path, **environment: str) -> str:
    """What it says, when it is content."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": _PLACES, **environment},
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


# --- systemd ----------------------------------------------------------------------------------------------------------


@pytest.mark.systemd
def test_systemd_understands_every_word_of_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        # The programs of a server are not on this machine.
        text = re.sub(r"/srv/leadmaster/\.venv/bin/\w+", "/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text.replace("User=leadmaster", "User=daemon"), encoding="utf-8")

    said = run("systemd-analyze", "verify", *(tmp_path / unit.name for unit in UNITS), HOME=str(tmp_path))

    assert [line for line in said.splitlines() if "leadmaster" in line] == []


@pytest.mark.systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_may_do_no_more_than_it_needs(unit: Path, tmp_path: Path) -> None:
    """Exposure runs from 0 to 10; below 2 is what its own tool shows a smile for."""
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)

    found = re.search(r"exposure level for [\w-]+\.service: ([\d.]+)", said)
    assert found is not None
    assert float(found[1]) < 2


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_what_hangs_is_restarted_and_nothing_is_said_twice(unit: Path) -> None:
    lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and line[0] != "#"]
    keys = [line.partition("=")[0] for line in lines]

    twice = {key for key in keys if keys.count(key) > 1} - {"SystemCallFilter"}
    assert twice == set()
    if "Type=oneshot" not in lines:
        assert {"Restart=always", "Type=notify"} <= set(lines)
    # gunicorn ends its own processes that hang; the others say that they are alive.
    says = {"leadmaster-cluster", "leadmaster-watchdog", "leadmaster-session-manager"}
    assert ("WatchdogSec" in keys) is (unit.stem in says)


# --- nginx ------------------------------------------------------------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """A web server that tells what it was asked with, at length."""

    def do_GET(self) -> None:
        told = "".join(f"{name}: {value}\n" for name, value in self.headers.items()) + "x" * 4_000
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def behind() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def proxied(tmp_path: Path, behind: int) -> Iterator[tuple[str, Path]]:
    """The example as it is, but for its ports, its certificate and where it logs. Its address, and its access log."""
    plain, secure = free_port(), free_port()
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=leadmaster.example.com",
        "-keyout", key, "-out", certificate)  # fmt: skip
    text = (DEPLOY / "nginx" / "leadmaster.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen [::]:", "# listen [::]:"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443", f"listen 127.0.0.1:{secure}"),
        ("/etc/ssl/leadmaster/", f"{tmp_path}/"),
        ("/var/log/leadmaster/", f"{tmp_path}/"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
    ):
        assert old in text
        text = text.replace(old, new)
    kept = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nuser root;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\n{kept}{text}\n}}\n",
        encoding="utf-8",
    )
    command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    run(*command, "-t")
    program = shutil.which("nginx", path=_PLACES) or "nginx"
    process = subprocess.Popen([program, *command[1:], "-g", "daemon off;"])
    try:
        _wait_for(secure)
        yield f"https://127.0.0.1:{secure}", tmp_path / "access.log"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


@pytest.mark.nginx
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_nginx_takes_the_example_and_does_what_it_says(proxied: tuple[str, Path]) -> None:
    address, log = proxied

    def ask(path: str, **options: object) -> requests.Response:
        headers = {"Host": "leadmaster.example.com", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"}
        method = "POST" if "data" in options else "GET"
        return requests.request(method, address + path, headers=headers, verify=False, timeout=30, **options)  # type: ignore[arg-type]

    answer = ask("/admin/directory/client/?q=5493515550001")
    told = dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)

    # Whoever asks has one address, and it is not the one that they claim.
    assert told["X-Forwarded-For"] == "127.0.0.1"
    assert (told["Host"], told["X-Forwarded-Proto"]) == ("leadmaster.example.com", "https")
    assert answer.headers["Content-Encoding"] == "gzip"
    # Sizes: a form of six megabytes is no form, a file of recipients is.
    big = b"x" * 6_000_000
    assert ask("/oportunidades/7/nota/", data=big).status_code == 413
    assert ask("/admin/campaigns/campaign/7/import/", data=big).status_code == 200
    # What is for whoever watches is not for the world, and nobody's phone lies in a log.
    assert ask("/metrics").status_code == 404
    written = log.read_text(encoding="utf-8")
    assert '"GET /admin/directory/client/" 200' in written
    assert "549351" not in written


# --- Containers -------------------------------------------------------------------------------------------------------


def compose() -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    )
    return found


@pytest.mark.compose
def test_docker_compose_takes_the_file(tmp_path: Path) -> None:
    text = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    (tmp_path / "compose.yml").write_text(text, encoding="utf-8")
    (tmp_path / "leadmaster.env").write_text("SECRET_KEY=x\n", encoding="utf-8")
    program = shutil.which("docker-compose", path=_PLACES) or "docker-compose"

    def config(**environment: str) -> subprocess.CompletedProcess[str]:
        command = [program, "--file", str(tmp_path / "compose.yml"), "config", "--services"]
        environment |= {"PATH": _PLACES, "HOME": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    taken = config(MARIADB_PASSWORD="secret")
    assert taken.returncode == 0, taken.stderr
    assert {"database", "prepare", "web", "cluster", "watchdog"} <= set(taken.stdout.split())
    # Without its password it starts nothing, and says what to write.
    refused = config()
    assert refused.returncode != 0
    assert "Write MARIADB_PASSWORD" in refused.stderr


def test_what_must_survive_a_container_lies_on_volumes() -> None:
    services = compose()["services"]

    for name in ("web", "cluster", "watchdog"):
        assert services[name]["volumes"] == [
            "journal:/srv/leadmaster/var/journal",
            "media:/srv/leadmaster/var/media",
        ]
    assert services["gateway"]["profiles"] == ["simulator"]
    # A tick that is at work ends by itself; see KillMode of the unit.
    assert services["cluster"]["stop_grace_period"] == "200s"
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_image_installs_what_is_pinned_and_runs_as_nobody() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")

    assert "--require-hashes" in text
    assert text.index("USER leadmaster") < text.index("CMD [")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".env", "var", ".venv"} <= set(ignored)


@pytest.mark.parametrize("name", ["compose.yml", "Dockerfile", "Procfile", "systemd/leadmaster-web.service"])
def test_every_web_server_is_started_with_the_one_configuration(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")

    assert re.search(r"gunicorn\W+--config\W+deploy/gunicorn\.conf\.py", text)
    assert "--worker-class" not in text


# --- Logs -------------------------------------------------------------------------------------------------------------


@pytest.mark.logrotate
def test_logrotate_takes_its_rules(tmp_path: Path) -> None:
    rules = tmp_path / "leadmaster"
    shutil.copy(DEPLOY / "logrotate" / "leadmaster", rules)
    rules.chmod(0o644)

    said = run("logrotate", "--debug", "--state", tmp_path / "state", rules)

    assert "error:" not in said
    assert "/var/log/leadmaster/*.log" in said


def test_gunicorns_configuration_is_one(tmp_path: Path) -> None:
    run(sys.executable, "-m", "gunicorn", "--check-config", "--config", DEPLOY / "gunicorn.conf.py", "wsgiref.simple_server:demo_app",
        TMPDIR=str(tmp_path), HOME=str(tmp_path))  # fmt: skip
