"""Settings from the environment, from files, and from a running instance."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cpaas.env import envbool, envchoice, envint, envlist, envstr
from tests.fakes.shell import manage

ROOT = Path(__file__).parents[1]
KEY = "from cpaas.env import envsecret; import secrets; "
NEW_KEY = KEY + "print(envsecret('SOME_KEY', generate=secrets.token_hex))"
SERVES = (
    "import sys; from cpaas.env import remember_instance; "
    "remember_instance(); print('serving', flush=True); sys.stdin.read()"
)
SETTINGS = (
    "import json; from cpaas import settings as s; "
    "print(json.dumps({n: str(getattr(s, n)) for n in"
    " ('DATABASE_URL', 'CELERY_BROKER_URL', 'HTTP_PORT', 'SMPP_PORT', 'ENCRYPTION_KEYS',"
    " 'EMBEDDED_DATABASE', 'BROKER_SOCKET')}))"
)


def environment(data_dir: Path, **values: str) -> dict[str, str]:
    """Say what a fresh shell knows: its path, DATA_DIR, and what is given."""
    return {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), **values}


def process(code: str, data_dir: Path, **values: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-c", code),
        env=environment(data_dir, **values),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(code: str, data_dir: Path, **values: str) -> str:
    out, error = process(code, data_dir, **values).communicate(timeout=60)
    assert error == ""
    return out.strip()


def settings_of(data_dir: Path, **values: str) -> dict[str, str]:
    known: dict[str, str] = json.loads(output(SETTINGS, data_dir, **values))
    return known


# --- values -----------------------------------------------------------------------------


def test_a_setting_is_its_variable_or_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert envstr("TEST_SETTING", "default") == "default"
    monkeypatch.setenv("TEST_SETTING", "")
    assert envstr("TEST_SETTING", "default") == "default"
    monkeypatch.setenv("TEST_SETTING", "given")
    assert envstr("TEST_SETTING", "default") == "given"


@pytest.mark.parametrize(("text", "number"), [("", 7), ("0", 0), ("8000", 8000), (" 12 ", 12)])
def test_a_whole_number_is_read(monkeypatch: pytest.MonkeyPatch, text: str, number: int) -> None:
    monkeypatch.setenv("TEST_SETTING", text)
    assert envint("TEST_SETTING", 7) == number


@pytest.mark.parametrize("text", ["many", "1.5", "0x10", "1 2"])
def test_what_is_no_whole_number_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TEST_SETTING", text)
    with pytest.raises(SystemExit) as end:
        envint("TEST_SETTING", 7)
    assert end.value.code == f"TEST_SETTING must be a whole number, not {text!r}."


@pytest.mark.parametrize(
    ("text", "is_on"),
    [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("no", False)],
)
def test_a_switch_is_read_in_any_case(
    monkeypatch: pytest.MonkeyPatch, text: str, is_on: bool
) -> None:
    monkeypatch.setenv("TEST_SETTING", text)
    assert envbool("TEST_SETTING", not is_on) is is_on


@pytest.mark.parametrize("default", [True, False])
def test_a_switch_that_is_not_set_is_its_default(default: bool) -> None:
    assert envbool("TEST_SETTING", default) is default


@pytest.mark.parametrize("text", ["", "warning", "Warning"])
def test_one_of_a_few_words_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TEST_SETTING", text)
    assert envchoice("TEST_SETTING", "warning", "info") == "warning"


def test_a_log_level_that_there_is_not_is_told_in_a_sentence(tmp_path: Path) -> None:
    _, error = process("import cpaas.settings", tmp_path, LOG_LEVEL="loud").communicate(timeout=60)
    assert error.startswith("LOG_LEVEL must be info or debug or ")
    assert error.endswith(", not 'loud'.\n")


@pytest.mark.parametrize(("text", "items"), [("", []), ("a", ["a"]), (" a , b,,", ["a", "b"])])
def test_a_list_is_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, items: list[str]
) -> None:
    monkeypatch.setenv("TEST_SETTING", text)
    assert envlist("TEST_SETTING") == items


# --- secrets ----------------------------------------------------------------------------


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = output(NEW_KEY, tmp_path), output(NEW_KEY, tmp_path)
    kept = tmp_path / "keys" / "some_key"
    assert first == again == kept.read_text() and len(first) == 64
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert list(kept.parent.iterdir()) == [kept]


def test_processes_that_start_at_once_agree_on_a_secret(tmp_path: Path) -> None:
    waiting = KEY + "input(); " + NEW_KEY.removeprefix(KEY)
    processes = [process(waiting, tmp_path) for _ in range(4)]
    for each in processes:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    secrets = {each.communicate(timeout=60)[0].strip() for each in processes}
    assert secrets == {(tmp_path / "keys" / "some_key").read_text()}


def test_a_secret_comes_from_its_variable_or_its_file_and_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert output(NEW_KEY, tmp_path, SOME_KEY_FILE=str(file)) == "from the file"
    assert output(NEW_KEY, tmp_path, SOME_KEY="given", SOME_KEY_FILE=str(file)) == "given"
    assert not (tmp_path / "keys").exists()


def test_a_secret_file_that_is_missing_is_told_in_a_sentence(tmp_path: Path) -> None:
    missing = process(NEW_KEY, tmp_path, SOME_KEY_FILE=str(tmp_path / "none"))
    out, error = missing.communicate(timeout=60)
    assert (missing.returncode, out) == (1, "")
    assert error == (
        f"SOME_KEY_FILE names {tmp_path / 'none'}, which cannot be read:"
        " No such file or directory.\n"
    )


# --- a running instance -----------------------------------------------------------------


def test_another_shell_knows_a_running_instance_by_its_folder_alone(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(Fernet.generate_key().decode())
    started_with = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}",
        "CELERY_BROKER_URL": "amqp://127.0.0.1:5672//",
        "HTTP_PORT": "18000",
        "ENCRYPTION_KEY_FILE": str(key),
    }
    with process(SERVES, tmp_path, **started_with) as instance:
        assert instance.stdout and instance.stdout.readline() == "serving\n"
        written = tmp_path / "run" / "instance.json"
        assert written.stat().st_mode & 0o777 == 0o600
        known = settings_of(tmp_path, SMPP_PORT="18001")
        mine = settings_of(tmp_path, HTTP_PORT="18002")
        instance.communicate()
    assert (known["HTTP_PORT"], known["SMPP_PORT"], mine["HTTP_PORT"]) == (
        "18000",
        "18001",
        "18002",
    )
    assert known["DATABASE_URL"] == started_with["DATABASE_URL"]
    assert known["CELERY_BROKER_URL"] == started_with["CELERY_BROKER_URL"]
    assert known["ENCRYPTION_KEYS"] == key.read_text()
    assert settings_of(tmp_path)["HTTP_PORT"] == "8000"  # it has ended, though its note is there


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"pid": "x"}', '{"pid": 1}'])
def test_a_note_that_makes_no_sense_is_ignored(tmp_path: Path, note: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "instance.json").write_text(note)
    assert output("from cpaas.env import envstr; print(envstr('HTTP_PORT', '?'))", tmp_path) == "?"


@pytest.mark.parametrize("length", [20, 300])
def test_the_brokers_socket_can_be_bound_however_long_the_folders_name_is(
    tmp_path: Path, length: int
) -> None:
    data_dir = tmp_path / ("x" * 200) / ("y" * (length - 200)) if length > 200 else tmp_path
    path = Path(settings_of(data_dir)["BROKER_SOCKET"])
    assert path == Path(settings_of(data_dir)["BROKER_SOCKET"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    path.unlink()


def test_long_folders_have_sockets_of_their_own(tmp_path: Path) -> None:
    one, two = (settings_of(tmp_path / ("x" * 200) / name)["BROKER_SOCKET"] for name in "ab")
    assert one != two


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://a/b", "postgres://", "postgres://u:secret@host:port/x"]
)
def test_what_is_no_database_address_is_refused_without_being_repeated(url: str) -> None:
    run = manage("check", DATABASE_URL=url)
    assert run.returncode != 0
    assert "DATABASE_URL must be postgres://" in run.stderr
    assert "Traceback" not in run.stderr and "secret" not in run.stderr


def test_addresses_with_passwords_may_come_from_files(tmp_path: Path) -> None:
    database, broker = tmp_path / "database", tmp_path / "broker"
    database.write_text("postgres://me:secret@db.example/sms\n")
    broker.write_text("amqp://me:secret@mq.example//\n")
    code = (
        "from cpaas import settings as s;"
        "print(s.DATABASES['default']['HOST'], s.CELERY_BROKER_URL, s.EMBEDDED_BROKER)"
    )
    files = {"DATABASE_URL_FILE": str(database), "CELERY_BROKER_URL_FILE": str(broker)}
    said = output(code, tmp_path, DATABASE_URL="", CELERY_BROKER_URL="", **files)
    assert said == "db.example amqp://me:secret@mq.example// False"


@pytest.mark.parametrize(("pooled", "said"), [("1", "None True"), ("0", "2 False")])
def test_behind_a_pooler_nothing_is_kept_on_a_connection(
    pooled: str, said: str, tmp_path: Path
) -> None:
    code = (
        "from cpaas.settings import DATABASES; one = DATABASES['default']; "
        "print(one['OPTIONS']['prepare_threshold'], one['DISABLE_SERVER_SIDE_CURSORS'])"
    )
    values = {"DATABASE_URL": "postgres://me:word@127.0.0.1/name", "DATABASE_POOLED": pooled}
    assert output(code, tmp_path, **values) == said
