"""What the demo consists of: its folder, ports, secrets, and the processes that it runs."""

import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.services import valkey
from tools.services.ports import LOOPBACK, is_free

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORTS = {
    "DEMO_WEB_PORT": 8000,
    "DEMO_OPERATOR_PORT": 8701,
    "DEMO_MAIL_PORT": 8725,
    "DEMO_VALKEY_PORT": 6399,
    "DEMO_LIVE_PORT": 8001,
}
SECRETS = ("secret_key", "operator_token", "ampcontrol_token", "valkey_password")


class PortTaken(Exception):
    """A port that somebody asked for is in use."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One demo: where it keeps its things and where its servers listen."""

    folder: Path
    web_port: int
    operator_port: int
    mail_port: int
    valkey_port: int
    live_port: int
    secret_key: str
    operator_token: str
    ampcontrol_token: str
    valkey_password: str

    @property
    def portal(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    @property
    def operator(self) -> str:
        return f"http://{LOOPBACK}:{self.operator_port}"

    def redis_at(self, port: int) -> str:
        return f"redis://:{self.valkey_password}@{LOOPBACK}:{port}"

    @property
    def live(self) -> str:
        return f"http://{LOOPBACK}:{self.live_port}/live"

    @property
    def ready_file(self) -> Path:
        """The file that tells addresses and log-ins; it is there while the demo is up."""
        return self.folder / "ready.json"

    @property
    def logins_file(self) -> Path:
        return self.folder / "logins.json"

    @property
    def log_folder(self) -> Path:
        return self.folder / "logs"

    def log_file(self, name: str) -> Path:
        return self.log_folder / f"{name}.log"

    @property
    def pid_folder(self) -> Path:
        return self.folder / "run"

    def environment(self) -> dict[str, str]:
        """Return the environment of the demo's processes.

        It names every setting that a `.env` file or the shell could point at something real.
        """
        return {
            "CHARGEBOOK_DEMO": "1",
            "DJANGO_SETTINGS_MODULE": "tools.demo.settings",
            "DEBUG": "false",
            "LOG_FORMAT": "lines",
            "SENTRY_DSN": "",
            "SECRET_KEY": self.secret_key,
            "SITE_URL": self.portal,
            "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
            "BEHIND_PROXY": "false",
            "DATABASE_URL": f"sqlite:///{self.folder / 'chargebook.sqlite3'}",
            "CELERY_BROKER_URL": f"{self.redis_at(self.valkey_port)}/0",
            "CACHE_URL": f"{self.redis_at(self.valkey_port)}/1",
            "AMPECO_BASE_URL": f"{self.operator}/public-api",
            "AMPECO_API_TOKEN": self.operator_token,
            "SANDBOX_TOKEN": self.operator_token,
            "AMPCONTROL_BASE_URL": f"{self.operator}/ampcontrol",
            "AMPCONTROL_API_TOKEN": self.ampcontrol_token,
            "AMPCONTROL_WRITES": "departures,states-of-charge,priorities,alerts,routes",
            "AMPCONTROL_WEBHOOK_SECRETS": "",
            "AMPECO_WEBHOOK_SECRET": "",
            "SANDBOX_AMPCONTROL_TOKEN": self.ampcontrol_token,
            "DEFAULT_TIMEZONE": "Europe/Berlin",
            "EMAIL_URL": f"smtp://{LOOPBACK}:{self.mail_port}",
            "DEFAULT_FROM_EMAIL": "Chargebook <portal@chargebook.example>",
            "DRIVER_APP_URL": "https://driver-app.example/sign-up",
            "MAP_TILES_URL": f"{self.operator}/tiles/{{z}}/{{x}}/{{y}}.svg",
            "MAP_ATTRIBUTION": "Drawn by the simulated operator",
            "GEOCODER_URL": f"{self.operator}/places",
            "LIVE_URL": self.live,
            "WEB_BIND": f"{LOOPBACK}:{self.web_port}",
            "WEB_CONCURRENCY": "1",
            "WEB_THREADS": "8",
            "PYTHONUNBUFFERED": "1",
        }

    def processes(self) -> dict[str, str]:
        """Return the shell command of each process by its name."""
        python = sys.executable
        commands = {
            "valkey": valkey.command(
                port=self.valkey_port,
                folder=self.folder / "valkey",
                password=self.valkey_password,
                keep=True,
            ),
            "operator": [
                *(python, "-m", "sandbox"),
                *("--port", str(self.operator_port)),
                *("--smtp-port", str(self.mail_port)),
                *("--mail-dir", str(self.folder / "mails")),
                *("--state", str(self.folder / "operator.json")),
            ],
            "worker": [
                *(python, "-m", "celery", "--quiet", "-A", "config", "worker"),
                *("--pool=threads", "--concurrency=4", "--loglevel=INFO"),
                *("--without-gossip", "--without-mingle"),
            ],
            "beat": [
                *(python, "-m", "celery", "--quiet", "-A", "config", "beat", "--pidfile="),
                *("--schedule", str(self.folder / "celerybeat-schedule")),
            ],
            "web": [python, "-m", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"],
            "live": [
                *(python, "manage.py", "serve_live"),
                *("--bind", f"{LOOPBACK}:{self.live_port}"),
            ],
            "guide": [python, "-m", "tools.demo.guide", str(os.getpid())],
        }
        return {name: self._in_shell(name, words) for name, words in commands.items()}

    def _in_shell(self, name: str, words: list[str]) -> str:
        pid_file = shlex.quote(str(self.pid_folder / name))
        return f"echo $$ > {pid_file}; exec {shlex.join(words)}"


def demo_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DEMO_DIR") or ROOT / "var" / "demo").resolve()


def choose_ports(environ: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Return the ports by variable, and a remark for each default that had to give way.

    Raises PortTaken when a port that was asked for is in use or is no port.
    """
    chosen: dict[str, int] = {}
    remarks: list[str] = []
    for name, default in DEFAULT_PORTS.items():
        asked = environ.get(name, "").strip()
        if asked:
            if not asked.isdecimal() or not 0 < int(asked) < 65536:
                raise PortTaken(f"{name} must be a port from 1 to 65535, not “{asked}”.")
            if not is_free(int(asked)) or int(asked) in chosen.values():
                raise PortTaken(f"Port {asked} is in use: set {name} to another one.")
            chosen[name] = int(asked)
            continue
        port = default
        while not is_free(port) or port in chosen.values():
            port += 1
        if port != default:
            remarks.append(f"Port {default} is in use, so this is {port} ({name} chooses another).")
        chosen[name] = port
    return chosen, remarks


def read_secrets(folder: Path) -> dict[str, str]:
    """Return the demo's secrets; those that are missing are made, and kept in `folder`."""
    path = folder / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in SECRETS if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(48) for name in missing}
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept))
    return kept


def make_stack(folder: Path, ports: Mapping[str, int]) -> Stack:
    """Return the demo in `folder`, making what it needs there."""
    for part in ("valkey", "mails", "run", "logs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return Stack(
        folder=folder,
        web_port=ports["DEMO_WEB_PORT"],
        operator_port=ports["DEMO_OPERATOR_PORT"],
        mail_port=ports["DEMO_MAIL_PORT"],
        valkey_port=ports["DEMO_VALKEY_PORT"],
        live_port=ports["DEMO_LIVE_PORT"],
        **read_secrets(folder),
    )
