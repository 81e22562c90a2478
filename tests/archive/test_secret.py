"""Encrypted sets: a stranger with the key and stock age reads them, one without it nothing; parity needs no key."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pypdfium2
import pytest
from disc_sets import bytes_of, contents, damage, tool, write_files
from hypothesis import given, settings
from hypothesis import strategies as st
from keys import age_key, at_a_terminal, minisign_pair, plain_python, ssh_pair

from heliograph.archive import open_set
from heliograph.archive.read.unlock import unlock
from heliograph.archive.secret import Keyring
from heliograph.archive.secret.holders import identity_file
from heliograph.archive.secret.setkey import SetKey
from heliograph.archive.secret.stream import decrypt, encrypt, sealed_bytes
from heliograph.cli.main import main
from heliograph.errors import Damaged, Locked

SECRET_NAMES = ("payroll 2026.txt", "目录/机密.txt", "empty")


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code, and all that was said."""
    code = main(["archive", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with a file that is split, sealed for two holders, one with an SSH key; two data discs, a parity disc."""
    folder = tmp_path_factory.mktemp("home")
    tree = write_files(folder / "tree", big_bin=1_900_000)
    for name in SECRET_NAMES:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text("" if name == "empty" else f"secret of {name}", encoding="utf-8")
    (tree / "nothing in it").mkdir()
    _, public = age_key(folder)
    ssh_pair(folder)
    (folder / "holders").write_text(f"# us\n{(folder / 'id_ed25519.pub').read_text()}\n")
    words = ["seal", tree, "--out", folder / "discs", "--recipient", public, "--recipients-file", folder / "holders"]
    words += ["--capacity", "3.2MB", "--parity", "1", "--sign", minisign_pair(folder)[0]]
    assert main(["archive", *map(str, words)]) == 0
    return folder


@pytest.fixture
def discs(home: Path, tmp_path: Path) -> Path:
    """A copy of the images, to damage."""
    return Path(shutil.copytree(home / "discs", tmp_path / "discs"))


def test_files_come_back_with_either_key_and_no_other(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stranger, _ = age_key(tmp_path, "stranger")

    for number, key in enumerate((home / "me.key", home / "id_ed25519")):
        to = tmp_path / f"back {number}"
        assert call(capsys, "restore", home / "discs", "--to", to, "--identity", key)[0] == 0
        assert contents(to / "tree") == contents(home / "tree")
    code, said = call(capsys, "restore", home / "discs", "--to", tmp_path / "no", "--identity", stranger)
    assert (code, said.count("\n")) == (17, 2)
    assert re.search(r"error: set HG\w+: .*stranger.key does not open it \(no matching keys found\)", said)
    code, said = call(capsys, "restore", home / "discs", "--to", tmp_path / "no")
    assert code == 17
    assert "hint: give yours: --identity FILE" in said
    assert not (tmp_path / "no").exists()


def test_names_are_shown_with_the_key_alone(home: Path, capsys: pytest.CaptureFixture[str]):
    code, said = call(capsys, "ls", home / "discs")
    assert code == 0
    assert "0000001.age" in said and "is encrypted" in said and "payroll" not in said

    code, said = call(capsys, "ls", home / "discs", "--identity", home / "me.key")
    assert code == 0
    assert "tree/payroll 2026.txt" in said and "nothing in it" in said


def test_no_disc_nor_catalog_holds_a_name_a_content_or_a_key(home: Path):
    """In none of the encodings that the file systems use."""
    key = (home / "me.key").read_text().splitlines()[-1]
    with open_set([home / "discs"]) as view:
        ring = Keyring(tuple(identity_file(home / "me.key", str)))
        opened = unlock(view, ring)
        assert opened.key is not None
        set_key = opened.key.text.splitlines()[-1]
        raw = opened.key.secret
    secrets = [key, set_key, "payroll", "PAYROLL", "机密", "secret of", "nothing in it"]
    forbidden = [raw, SetKey.from_text(key).secret, (home / "tree" / "big.bin").read_bytes()[5000:5064]]
    forbidden += [each.encode(form) for each in secrets for form in ("utf-8", "utf-16-be", "utf-16-le")]

    for path in sorted((home / "discs").iterdir()):
        data = path.read_bytes()
        assert [each for each in forbidden if each in data] == []
    assert len(list((home / "discs").iterdir())) == 4


def test_without_a_key_discs_are_verified_repaired_and_rebuilt(
    home: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Also a lost parity disc: the key file, the names and the signature come from another disc."""
    before = bytes_of(discs)
    for lost in ("D02", "P01"):
        for image in discs.glob("*.iso"):
            damage(image, 0.02)
        next(discs.glob(f"*-{lost}.iso")).unlink()

        assert call(capsys, "verify", discs)[0] == 10
        assert call(capsys, "repair", discs)[0] == 0
        assert bytes_of(discs) == before
    assert call(capsys, "verify", discs)[0] == 0
    assert call(capsys, "verify", discs, "--identity", home / "me.key", "--signer", home / "minisign.pub")[0] == 0


def test_a_stranger_with_the_key_and_stock_age_follows_the_text_on_the_disc(home: Path, discs: Path, tmp_path: Path):
    """Every command is taken from README.txt; the discs are damaged, and one is lost."""
    tool("7z", "e", f"-o{tmp_path / 'text'}", next(discs.glob("*-D01.iso")), "README.txt", "read_discs.py")
    text = (tmp_path / "text" / "README.txt").read_text(encoding="utf-8")
    for image in discs.glob("*.iso"):
        damage(image, 0.02)
    next(discs.glob("*-D02.iso")).unlink()
    lines = [line.split("   ")[1] for line in text.splitlines() if line.startswith("   age -d ")]
    script = textwrap.dedent(re.findall(r"\n\n(   import json.*?)\n\n", text, flags=re.DOTALL)[0])

    said = plain_python(tmp_path / "text" / "read_discs.py", "copy", discs, "--to", tmp_path / "copied", cwd=tmp_path)
    for line in lines[:2]:
        tool("sh", "-c", f"cd {tmp_path / 'copied'} && {line.replace('MY-KEY', str(home / 'me.key'))}")
    (tmp_path / "copied" / "script.py").write_text(script)
    plain_python("script.py", cwd=tmp_path / "copied")

    assert "encrypted: see README.txt" in said
    assert lines[2] == "age -d -i set.key -o FILE 0000001.age"
    opened = contents(tmp_path / "copied" / "opened" / "tree")
    assert opened == {path: data for path, data in contents(home / "tree").items() if path != "nothing in it"}


def test_a_passphrase_opens_a_set_here_and_at_age_s_own_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    tree = write_files(tmp_path / "tree", a_bin=100)
    (tmp_path / "words").write_text("correct horse battery\n")
    seal = ("seal", tree, "--out", tmp_path / "discs", "--capacity", "2MB")
    assert call(capsys, *seal, "--passphrase-file", tmp_path / "words")[0] == 0
    (image,) = (tmp_path / "discs").glob("*.iso")
    tool("7z", "e", f"-o{tmp_path / 'out'}", image, "key.age", "data/0000001.age")

    key = tmp_path / "out" / "set.key"
    at_a_terminal(["age", "-d", "-o", str(key), str(tmp_path / "out" / "key.age")], ["correct horse battery"])
    tool("age", "-d", "-i", key, "-o", tmp_path / "out" / "a", tmp_path / "out" / "0000001.age")
    assert (tmp_path / "out" / "a").read_bytes() == (tree / "a.bin").read_bytes()

    restore = ("restore", tmp_path / "discs", "--to", tmp_path / "back", "--passphrase")
    monkeypatch.setenv("HELIOGRAPH_PASSPHRASE", "correct horse")
    code, said = call(capsys, *restore)
    assert (code, said.count("\n")) == (17, 2)
    assert "the passphrase does not open it" in said
    monkeypatch.setenv("HELIOGRAPH_PASSPHRASE", "correct horse battery")
    assert call(capsys, *restore)[0] == 0
    monkeypatch.delenv("HELIOGRAPH_PASSPHRASE")
    code, said = call(capsys, *restore)
    assert code == 2
    assert "nobody can be asked" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--recipient", "age1nonsense"), 2, "recipient 'age1nonsense': not a public key of age"),
        (("--recipient", "AGE-SECRET-KEY-1QQQQ"), 2, "that is a secret key, keep it to yourself"),
        (("--recipients-file", "nowhere"), 6, "error: nowhere: no such file or directory"),
        (("--recipients-file", "empty"), 2, "error: empty: holds no recipient"),
        (("--recipients-file", "holders", "--passphrase-file", "empty"), 2, "give one of the two"),
        (("--passphrase-file", "empty"), 2, "the passphrase is empty"),
        (("--passphrase-file", "nowhere"), 6, "nowhere: no such file"),
    ],
)
def test_mistakes_with_keys_get_one_clear_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "tree", a_bin=10)
    (tmp_path / "empty").write_text("# nothing\n" if "--recipients-file" in words else "\n")
    (tmp_path / "holders").write_text(age_key(tmp_path)[1])

    got, out = call(capsys, "seal", "tree", *words)

    assert (got, out.count("\n")) == (code, 2)
    assert said in out
    assert "QQQQ" not in out
    assert not (tmp_path / "discs").exists()


def test_discs_may_come_one_at_a_time(home: Path, discs: Path, tmp_path: Path):
    from heliograph.archive.read.turns import restore_by_turns

    drive = tmp_path / "drive.iso"
    asked: list[str] = []

    def ask(volume: str, _: str) -> str:
        asked.append(volume)
        shutil.copy(next(discs.glob(f"*-{volume[-3:] if volume else 'D01'}.iso")), drive)
        return ""

    ring = Keyring(tuple(identity_file(home / "me.key", str)))
    restore_by_turns([drive], tmp_path / "back", ask, ring=ring)

    assert contents(tmp_path / "back" / "tree") == contents(home / "tree")
    assert len(asked) == 2


def test_a_catalog_made_with_the_key_knows_the_names(home: Path, discs: Path, capsys: pytest.CaptureFixture[str]):
    catalog = discs / "catalog.sqlite"
    assert call(capsys, "find", "*payroll*", "--catalog", catalog)[0] == 6

    assert call(capsys, "catalog", "rebuild", discs, "--identity", home / "me.key")[0] == 0

    code, said = call(capsys, "find", "*payroll*", "--for-restore", "--catalog", catalog)
    assert code == 0
    assert "tree/payroll 2026.txt" in said
    # A disc that is added without the key adds its place, and takes no name away.
    assert call(capsys, "catalog", "add", discs, "--catalog", catalog)[0] == 0
    assert call(capsys, "find", "*payroll*", "--catalog", catalog)[0] == 0
    assert call(capsys, "catalog", "rebuild", discs)[0] == 0
    assert call(capsys, "find", "*payroll*", "--catalog", catalog)[0] == 6
    assert call(capsys, "catalog", "add", discs, "--identity", home / "me.key")[0] == 0
    assert call(capsys, "find", "*payroll*", "--catalog", catalog)[0] == 0


def test_discs_are_searched_by_their_true_names_and_no_name_is_written(
    home: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A catalog that is there is not touched, and no other file is made, nor in the folder for scratch."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / "scratch"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    damage(next(discs.glob("*-D01.iso")), 0.02)
    before |= {path: path.read_bytes() for path in discs.glob("*.iso")}

    code, said = call(capsys, "find", "*payroll*", "--for-restore", "--discs", "discs", "--identity", home / "me.key")
    assert code == 0
    assert "tree/payroll 2026.txt" in said
    code, said = call(capsys, "find", "*payroll*", "--discs", "discs")
    assert code == 6
    assert "is encrypted: --identity or --passphrase finds its files by their true names" in said
    assert call(capsys, "find", "0000001.age", "--discs", "discs")[0] == 0
    code, said = call(capsys, "find", "*payroll*", "--catalog", "discs", "--identity", home / "me.key")
    assert (code, "a key opens discs, not a catalog" in said) == (2, True)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_label_says_that_its_disc_is_encrypted_and_no_secret(
    home: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Not even from a catalog that knows the names."""
    assert call(capsys, "catalog", "rebuild", discs, "--identity", home / "me.key")[0] == 0

    for source in ([discs], ["--catalog", discs]):
        assert call(capsys, "label", *source, "--form", "bd", "--out", tmp_path / "labels.pdf")[0] == 0
        with pypdfium2.PdfDocument(tmp_path / "labels.pdf") as document:
            text = " ".join(document[0].get_textpage().get_text_range().split())
        assert "encrypted (age): opens with its key alone" in text
        assert "payroll" not in text


@settings(max_examples=40, deadline=None)
@given(size=st.sampled_from([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]), start=st.integers(0, 200_001))
def test_any_part_of_an_encrypted_file_can_be_read(size: int, start: int):
    from io import BytesIO

    from heliograph.archive.secret.stream import Opened

    key, plain = SetKey.new(), bytes(at * 7 % 251 for at in range(size))
    sealed = encrypt(plain, key)
    assert len(sealed) == sealed_bytes(size)

    opened = Opened(BytesIO(sealed), len(sealed), key, "it")
    opened.seek(start)

    assert opened.read(70_000) == plain[start : start + 70_000]
    assert decrypt(sealed, key, "it") == plain


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, sealed_bytes(70_000) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_of_an_encrypted_file_is_believed(at: int, bit: int):
    key = SetKey(bytes(range(32)))
    sealed = bytearray(encrypt(bytes(70_000), key))
    sealed[at] ^= 1 << bit

    with pytest.raises(Damaged, match="it: cannot be decrypted"):
        decrypt(bytes(sealed), key, "it")


@pytest.mark.parametrize("cut", [0, 10, 184, 199, 65_000, sealed_bytes(70_000) - 1])
def test_a_cut_file_is_not_believed(cut: int):
    key = SetKey.new()

    with pytest.raises(Damaged, match="cannot be decrypted"):
        decrypt(encrypt(bytes(70_000), key)[:cut], key, "it")


def test_our_files_and_keys_are_age_s_own(tmp_path: Path):
    """age decrypts what we encrypt, for every number of chunks; keys read the same both ways."""
    key = SetKey.new()
    (tmp_path / "key").write_text(key.text)
    assert tool("age-keygen", "-y", tmp_path / "key").strip() in key.text
    made, _ = age_key(tmp_path)
    assert SetKey.from_text(made.read_text()).text.splitlines()[-1] == made.read_text().splitlines()[-1]
    for size in (0, 1, 65_536, 65_537):
        (tmp_path / "sealed").write_bytes(encrypt(b"x" * size, key))
        (tmp_path / "plain").write_bytes(b"")  # age 1.1 makes no file of one that holds nothing
        tool("age", "-d", "-i", tmp_path / "key", "-o", tmp_path / "plain", tmp_path / "sealed")
        assert (tmp_path / "plain").read_bytes() == b"x" * size


def test_a_mistyped_key_is_refused():
    text = SetKey.new().text
    for wrong in (text.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q"), "nothing", ""):
        with pytest.raises(ValueError):
            SetKey.from_text(wrong)


def test_a_key_file_that_is_no_key_of_the_set_is_refused(home: Path):
    import pyrage

    me = pyrage.x25519.Identity.from_str((home / "me.key").read_text().splitlines()[-1])
    forged = pyrage.encrypt(b"not a key", [me.to_public()])

    with pytest.raises(Locked, match="does not open it"):
        Keyring((("me.key", me),)).open(forged, "HG000000000")
    with pytest.raises(Locked, match="encrypted for the holders"):
        Keyring().open(forged, "HG000000000")
