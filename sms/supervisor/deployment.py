"""The table of processes, written for systemd, for containers and as a Procfile.

`manage.py deployfiles` writes deploy/; a test compares it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sms.supervisor.processes import LINK, STANDING
from sms.supervisor.supervisor import GRACE_S

_NOTE = "# Written by `manage.py deployfiles`.\n"
_WATCHDOG_S = 90
STOP_S = int(GRACE_S) + 10

_WHAT = {
    "web": "API, admin and monitoring",
    "housekeeping": "the sweep: takes back what a dead worker held, ends what expired",
    "notify": "posts callbacks",
    "link": "holds the connection of one link",
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of process."""

    name: str
    run: str
    """What `manage.py run` calls it; {} stands for the name of a link."""

    @property
    def is_worker(self) -> bool:
        return self.name != "web"

    @property
    def what(self) -> str:
        return _WHAT[self.name]


_KINDS = (*(_Kind(name, name) for name in STANDING), _Kind("link", f"{LINK}{{}}"))


def files() -> dict[str, str]:
    """Return the content of each file, by its path below deploy/."""
    units = {f"systemd/{_unit_name(kind)}": _unit(kind) for kind in _KINDS}
    return {
        "Procfile": _procfile(),
        "compose.yaml": _compose(),
        "systemd/cpaas.target": _TARGET,
        **units,
    }


def _procfile() -> str:
    lines = [
        f"{kind.name}: .venv/bin/python manage.py run {kind.run.format('$LINK')}\n"
        for kind in _KINDS
    ]
    return _NOTE + "".join(lines)


_TARGET = f"""{_NOTE}[Unit]
Description=cpaas: all of its processes on this host

[Install]
WantedBy=multi-user.target
"""


def _unit_name(kind: _Kind) -> str:
    return f"cpaas-{kind.name}{'@' if '{}' in kind.run else ''}.service"


def _unit(kind: _Kind) -> str:
    # A worker says when it is ready, and that it still turns; the web server cannot.
    life = f"Type=notify\nWatchdogSec={_WATCHDOG_S}" if kind.is_worker else "Type=exec"
    # New web workers take over one by one; the port is never closed.
    reload = "" if kind.is_worker else "ExecReload=/bin/kill -HUP $MAINPID\n"
    # LogRateLimitIntervalSec: journald drops lines above 333 a second, errors among them.
    return f"""{_NOTE}[Unit]
Description=cpaas: {kind.what}{" (%i)" if "{}" in kind.run else ""}
After=network-online.target postgresql.service rabbitmq-server.service
Wants=network-online.target
PartOf=cpaas.target
StartLimitIntervalSec=0

[Service]
{life}
ExecStart=/opt/cpaas/.venv/bin/python manage.py run {kind.run.format("%i")}
{reload}WorkingDirectory=/opt/cpaas
EnvironmentFile=/etc/cpaas/cpaas.env
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
User=cpaas
Group=cpaas
StateDirectory=cpaas
StateDirectoryMode=0700
UMask=0077
LogRateLimitIntervalSec=0
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec={STOP_S}
{_HARDENING}
[Install]
WantedBy=cpaas.target
"""


_HARDENING = """NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=true
ProtectProc=invisible
ProtectClock=true
ProtectHostname=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
PrivateTmp=true
PrivateDevices=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def _compose() -> str:
    return _NOTE + _COMPOSE_HEAD + "".join(_services()) + _COMPOSE_TAIL


def _services() -> Iterator[str]:
    for kind in _KINDS:
        run = kind.run.format("${LINK:-simulator}")
        port = '    ports: ["127.0.0.1:8000:8000"]\n' if kind.name == "web" else ""
        note = "  # One such service for each link.\n" if kind.name == "link" else ""
        yield f"""
{note}  {kind.name}:
    <<: *platform
    command: ["run", "{run}"]
{port}    depends_on:
      migrate: {{condition: service_completed_successfully}}
    healthcheck:
      test: ["CMD", "python", "-m", "cpaas.health", "{run}"]
      interval: 15s
      timeout: 10s
      start_period: 30s
"""


_COMPOSE_HEAD = f"""
x-platform: &platform
  image: cpaas:local
  build: {{context: .., dockerfile: deploy/Dockerfile}}
  restart: unless-stopped
  init: true
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  stop_grace_period: {STOP_S}s
  tmpfs: ["/data:uid=10001,gid=10001,mode=0700", "/tmp"]
  environment:
    DATA_DIR: /data
    HTTP_HOST: 0.0.0.0
    ALLOWED_HOSTS: ${{ALLOWED_HOSTS:-localhost,127.0.0.1}}
    LOG_FORMAT: json
    LOG_REQUESTS: "1"
    DATABASE_URL_FILE: /run/secrets/database_url
    CELERY_BROKER_URL_FILE: /run/secrets/broker_url
    SECRET_KEY_FILE: /run/secrets/secret_key
    ENCRYPTION_KEY_FILE: /run/secrets/encryption_key
    MONITORING_TOKEN_FILE: /run/secrets/monitoring_token
  secrets: [database_url, broker_url, secret_key, encryption_key, monitoring_token]

services:
  postgres:
    image: postgres:17
    restart: unless-stopped
    environment:
      POSTGRES_USER: cpaas
      POSTGRES_DB: cpaas
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password
    secrets: [postgres_password]
    volumes: ["postgres:/var/lib/postgresql/data"]
    healthcheck: {{test: ["CMD", "pg_isready", "-U", "cpaas"], interval: 5s}}

  rabbitmq:
    image: rabbitmq:4
    restart: unless-stopped
    configs:
      - {{source: rabbitmq, target: /etc/rabbitmq/conf.d/20-cpaas.conf}}
    healthcheck: {{test: ["CMD", "rabbitmq-diagnostics", "-q", "ping"], interval: 15s}}

  migrate:
    <<: *platform
    command: ["migrate"]
    restart: "no"
    depends_on:
      postgres: {{condition: service_healthy}}
"""

_COMPOSE_TAIL = """
volumes:
  postgres:

configs:
  rabbitmq:
    # Reached by these containers alone, and trusted with nothing but wake-ups.
    content: |
      loopback_users = none

secrets:
  database_url: {file: ./secrets/database_url}
  broker_url: {file: ./secrets/broker_url}
  secret_key: {file: ./secrets/secret_key}
  encryption_key: {file: ./secrets/encryption_key}
  monitoring_token: {file: ./secrets/monitoring_token}
  postgres_password: {file: ./secrets/postgres_password}
"""
