"""What production runs is what the table of processes says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import LazySettings

from sms.supervisor import deployment, processes
from tests.fakes.shell import manage

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
PRODUCTION = {
    "ALLOWED_HOSTS": "sms.example.com",
    "HTTPS_ONLY": "1",
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghijklmnopq",
    "ENCRYPTION_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "DEBUG": "",
}


@pytest.mark.parametrize("path", sorted(deployment.files()))
def test_files_are_written_from_the_table(path: str) -> None:
    written = (DEPLOY / path).read_text()
    assert written == deployment.files()[path], "run: manage.py deployfiles"


def test_no_unit_is_left_over() -> None:
    units = {f"systemd/{file.name}" for file in (DEPLOY / "systemd").iterdir()}
    assert units <= set(deployment.files())


@pytest.mark.django_db
def test_every_process_of_the_supervisor_runs_in_production_too() -> None:
    supervised = {process.name for process in processes.wanted()} - {"broker"}
    for name in supervised:
        unit = deployment.files()[f"systemd/cpaas-{name}.service"]
        assert f"manage.py run {name}\n" in unit
        assert f"manage.py run {name}\n" in deployment.files()["Procfile"]
        assert name in yaml.safe_load(deployment.files()["compose.yaml"])["services"]


def test_containers_have_no_secret_in_their_environment() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    environment = services["web"]["environment"]
    secrets = {name for name in environment if name.endswith("_FILE")}
    assert secrets == {
        f"{name}_FILE"
        for name in (
            *("DATABASE_URL", "CELERY_BROKER_URL"),
            *("SECRET_KEY", "ENCRYPTION_KEY", "MONITORING_TOKEN"),
        )
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["broker", "link.", "link.a b", "link.../x", "celery", ""])
def test_a_name_that_no_process_has_is_refused(name: str) -> None:
    with pytest.raises(LookupError):
        processes.alone(name)


@pytest.mark.django_db
def test_a_link_needs_no_row_before_its_worker_starts() -> None:
    assert "link.acme" in processes.alone("link.acme").argv


@pytest.mark.django_db
def test_a_second_worker_of_a_link_has_a_name_of_its_own() -> None:
    argv = processes.alone("link.acme.2").argv
    assert "link.acme" in argv
    assert argv[argv.index("--hostname") + 1].startswith("link.acme.2@%h.")


def test_workers_of_hosts_with_one_name_have_names_of_their_own(tmp_path: Path) -> None:
    code = "from sms.supervisor import processes; print(*processes.alone('notify').argv)"
    said = {
        manage("shell", "--verbosity", "0", "-c", code, DATA_DIR=str(tmp_path)).stdout
        for _ in range(2)
    }
    assert len(said) == 2
    assert all(" --hostname notify@%h." in line for line in said)


def test_an_unknown_process_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = manage("run", "all", DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CommandError: Name web, housekeeping, notify or link.NAME "
        "(or link.NAME.2 and so on), not 'all'."
    )


def check_deploy(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**os.environ, "DATA_DIR": str(data_dir), **PRODUCTION, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_production_setting_is_clean(tmp_path: Path) -> None:
    done = check_deploy(tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wrong", "check_id"), [({"HTTPS_ONLY": "0"}, "W008"), ({"DEBUG": "1"}, "W018")]
)
def test_a_careless_setting_is_not(wrong: dict[str, str], check_id: str, tmp_path: Path) -> None:
    done = check_deploy(tmp_path, **wrong)
    assert done.returncode == 1
    assert f"security.{check_id}" in done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["web", "notify"])
def test_processes_understand_what_they_are_told_under_every_format(
    name: str, settings: LazySettings, tmp_path: Path
) -> None:
    settings.LOG_FORMAT = "json"
    argv = processes.alone(name).argv
    done = subprocess.run(
        [*argv, "--help"],
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_commands_run_as_the_units_do(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "cpaas-web.service").read_text().splitlines()
    alike = ("User=", "Group=", "UMask=", "WorkingDirectory=", "EnvironmentFile=", "StateDirectory")
    assert {line for line in unit if line.startswith(alike)} == _properties(tmp_path, "check")
    [start] = [line for line in unit if line.startswith("ExecStart=")]
    python = start.removeprefix("ExecStart=").removesuffix(" run web")
    assert f"{python} check".split() == _systemd_run(tmp_path, "check")[-3:]


def test_commands_get_their_words_whole_and_the_journal_one_of_them(tmp_path: Path) -> None:
    told = _systemd_run(tmp_path, "addlink", "a link", "--password", "$(x) 'secret'")
    assert told[-4:] == ["addlink", "a link", "--password", "$(x) 'secret'"]
    assert "--description=cpaas: manage.py addlink" in told
    assert "--pipe" in told, "as in a script, without a terminal"
    assert told.count("$(x) 'secret'") == 1


def _systemd_run(folder: Path, *words: str) -> list[str]:
    """Run a command of production and return what systemd would be told."""
    stand_in = folder / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        [str(DEPLOY / "manage"), *words],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


def _properties(folder: Path, *words: str) -> set[str]:
    told = _systemd_run(folder, *words)
    return {told[at + 1] for at, word in enumerate(told) if word == "-p"}
