"""Read settings from the environment, from files, and from a running instance.

Order: the variable itself, the file that NAME_FILE names (secrets), what the running
supervisor of this DATA_DIR was started with, the default. So `manage.py` in another
shell reaches the running instance knowing nothing but DATA_DIR.
"""

import errno
import json
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()

_INSTANCE = DATA_DIR / "run" / "instance.json"
_REMEMBERED = (
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "DATABASE_POOLED",
    "CELERY_BROKER_URL",
    "CELERY_BROKER_URL_FILE",
    "HTTP_HOST",
    "HTTP_PORT",
    "SMPP_PORT",
    "SIP_HOST",
    "SIP_PORT",
    "SIP_WS_PORT",
    "SIP_DOMAIN",
    "SIP_PUBLIC_HOST",
    "SIP_WAIT_FOR_CLIENTS",
    "ALLOWED_HOSTS",
    "CALLBACK_ALLOWED_NETWORKS",
    "SECRET_KEY",
    "SECRET_KEY_FILE",
    "ENCRYPTION_KEY",
    "ENCRYPTION_KEY_FILE",
)


def make_data_dir() -> None:
    """Make DATA_DIR. Raises SystemExit, in one sentence, where it cannot be."""
    try:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(DATA_DIR, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SystemExit(f"DATA_DIR {DATA_DIR} cannot be used: {reason}.") from None


def database_of(url: str) -> dict[str, Any]:
    """Read DATABASE_URL. Raises SystemExit, in one sentence, for what is no such address."""
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
        known = config["ENGINE"].rpartition(".")[2] in ("postgresql", "sqlite3") and config["NAME"]
    except (KeyError, ValueError, environ.ImproperlyConfigured):
        known = False
    if not known:
        # Not repeated here: it may hold a password.
        raise SystemExit("DATABASE_URL must be postgres://user:password@host:port/name.")
    return config


def envstr(name: str, default: str = "") -> str:
    """Read a text setting; an empty variable counts as unset."""
    return os.environ.get(name) or _instance().get(name) or default


def envint(name: str, default: int) -> int:
    """Read a whole number. Raises SystemExit, in one sentence, where it is none."""
    text = envstr(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {text!r}.") from None


def envbool(name: str, default: bool) -> bool:
    """Read a switch: 1, true, yes and on mean on, in any case."""
    return envstr(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def envchoice(name: str, default: str, *others: str) -> str:
    """Read one of a few words. Raises SystemExit, in one sentence, for any other."""
    word = envstr(name, default).lower()
    if word not in (default, *others):
        raise SystemExit(f"{name} must be {' or '.join((default, *others))}, not {word!r}.")
    return word


def envlist(name: str, default: str = "") -> list[str]:
    """Read a list separated by commas."""
    return [item.strip() for item in envstr(name, default).split(",") if item.strip()]


def envsecret(name: str, *, generate: Callable[[], str] | None = None) -> str:
    """Read a secret from NAME or the file NAME_FILE; else keep one in DATA_DIR/keys.

    The kept file is made once, with mode 0600, however many processes ask at once. Without
    `generate` there need not be one: then return "".
    """
    for known in (os.environ, _instance()):
        if value := known.get(name):
            return value
        if path := known.get(f"{name}_FILE"):
            return _from_file(f"{name}_FILE", Path(path))
    return _kept(DATA_DIR / "keys" / name.lower(), generate) if generate else ""


def own_address(host: str) -> str:
    """Name an address under which others reach a server that listens on `host`."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104  # compared with, not listened on
        return host
    family, far = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect((far, 9))  # nothing is sent: the kernel chooses a way, and with it us
        return str(probe.getsockname()[0])
    return "localhost"


def new_secret_key() -> str:
    """Make a key for Django's signing: 50 random characters."""
    return secrets.token_urlsafe(50)


def _from_file(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SystemExit(f"{name} names {path}, which cannot be read: {error.strerror}.") from None


def _kept(path: Path, generate: Callable[[], str]) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Written whole under another name, then linked: a reader never sees half a key,
        # and the first of several writers wins.
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(generate())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def remember_instance() -> None:
    """Write down what this supervisor was started with, for other shells (mode 0600)."""
    _INSTANCE.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = {name: os.environ[name] for name in _REMEMBERED if os.environ.get(name)}
    draft = _INSTANCE.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"pid": os.getpid(), "environment": known}, file)
    draft.replace(_INSTANCE)


def forget_instance() -> None:
    """Remove what `remember_instance` wrote."""
    _INSTANCE.unlink(missing_ok=True)


@cache
def _instance() -> dict[str, str]:
    try:
        written = json.loads(_INSTANCE.read_text(encoding="utf-8"))
        known: dict[str, str] = dict(written["environment"])
        with suppress(PermissionError):  # alive, under another user
            os.kill(written["pid"], 0)
        return known
    except (OSError, ValueError, KeyError, TypeError):
        return {}
