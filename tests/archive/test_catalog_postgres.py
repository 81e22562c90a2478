"""What is PostgreSQL's alone: rights, passwords, servers that are not there, psycopg that is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import psycopg
import pytest
from disc_sets import small_set, write_files
from postgres_server import new_database
from test_catalog import made_up

from heliograph.archive.catalog import enter, find, shown
from heliograph.cli.main import main
from heliograph.errors import CannotWrite, UsageWrong

SECRET = "hunter2"


@pytest.fixture
def database(postgres: str) -> str:
    return new_database(postgres)


def do(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)  # type: ignore[arg-type]


def as_user(database: str, user: str) -> str:
    return database.replace("archive@", f"{user}@")


def test_who_may_read_finds_and_who_may_write_rows_enters(database: str):
    """Nobody but the first writer needs the right to make tables."""
    enter(database, made_up(1), {})
    reader, writer = (f"{who}_{database[-12:]}" for who in ("reader", "writer"))
    do(
        database,
        *(f"CREATE ROLE {who} LOGIN" for who in (reader, writer)),
        f"GRANT USAGE ON SCHEMA heliograph TO {reader}, {writer}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA heliograph TO {reader}, {writer}",
        f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA heliograph TO {writer}",
    )

    enter(as_user(database, writer), made_up(2), {})

    assert len(find(as_user(database, reader))) == 100
    with pytest.raises(CannotWrite, match="permission denied"):
        enter(as_user(database, reader), made_up(3), {})


def test_the_tables_keep_to_their_own_schema(database: str):
    do(database, "CREATE TABLE files (mine TEXT)", "INSERT INTO files VALUES ('stays')")

    enter(database, made_up(1), {})

    with psycopg.connect(database) as admin:
        assert admin.execute("SELECT * FROM public.files").fetchall() == [("stays",)]


def test_a_catalog_is_refused_before_anything_is_sealed(database: str, tmp_path: Path):
    write_files(tmp_path / "tree", a_bin=10)
    nobody = as_user(database, "nobody_at_all")

    with pytest.raises(CannotWrite, match='role "nobody_at_all" does not exist'):
        small_set(tmp_path / "tree", tmp_path / "discs", catalog=nobody)

    assert not list(tmp_path.glob("discs/*"))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/archive",
        f"postgres://127.0.0.1:1/archive?user=me&password={SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:x/archive",
        f"postgresql://me:{SECRET}@[::1/archive",
        f"postgresql://me:{SECRET}%zz@127.0.0.1:1/archive",
        f"mysql://me:{SECRET}@127.0.0.1:1/archive",
    ],
)
def test_a_password_is_never_shown(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_files(tmp_path / "tree", a_bin=10)

    for words in (
        ["find", "--json"],
        ["seal", str(tmp_path / "tree"), "--out", str(tmp_path / "discs")],
        ["catalog", "add", str(tmp_path / "tree"), "--json"],
    ):
        assert main(["archive", *words, "--catalog", url]) in (2, 6, 12)
        said = capsys.readouterr()
        assert "error" in said.out + said.err
        assert SECRET not in said.out + said.err
        assert "Traceback" not in said.err


def test_a_place_is_shown_without_its_password():
    assert shown(f"postgresql://me:{SECRET}@db.example:5433/archive") == "postgresql://me@db.example:5433/archive"
    assert shown("postgresql:///archive") == "postgresql:///archive"


def test_a_server_that_is_not_there_is_one_clear_line():
    with pytest.raises(CannotWrite, match=r"^postgresql://me@127.0.0.1:1/archive: .*refused") as refused:
        find("postgresql://me@127.0.0.1:1/archive")

    assert "\n" not in refused.value.message


def test_without_psycopg_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(UsageWrong, match="needs psycopg") as refused:
        find("postgresql://127.0.0.1/archive")

    assert refused.value.hint == "python3 -m pip install 'heliograph[postgres]'"


def test_another_kind_of_database_is_refused():
    with pytest.raises(UsageWrong, match="expected a file, or postgresql://"):
        find("mysql://127.0.0.1/archive")


def test_the_commands_take_a_url(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=10)

    def call(*words: str) -> dict[str, object]:
        assert main(["archive", *words, "--catalog", database, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    sealed = call("seal", "tree", "--capacity", "3MB", "--title", "One")
    assert sealed["catalog"] == database
    one = {"set": sealed["set"], "title": "One", "files": 1}
    assert call("catalog", "rebuild", "discs")["sets"] == [one]
    assert call("catalog", "add", "discs")["sets"] == [one]
    assert len(call("find", "tree/*")["files"]) == 1  # type: ignore[arg-type]
    assert sorted(path.name for path in (tmp_path / "discs").iterdir()) == [f"{sealed['set']}-D01.iso"]


def test_an_entry_that_fails_leaves_the_database_as_it_was(database: str):
    """PostgreSQL holds no NUL in a text; the files of the set are in when it comes."""
    enter(database, made_up(1), {})
    two = made_up(2)
    last = msgspec.structs.replace(two.files[-1], path="nul\x00")

    with pytest.raises(CannotWrite, match="NUL"):
        enter(database, msgspec.structs.replace(two, files=(*two.files[:-1], last)), {})

    assert len(find(database)) == 50
