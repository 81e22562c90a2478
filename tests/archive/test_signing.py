"""Signed sets: minisign and ssh-keygen check what Heliograph signs, and a changed or swapped disc is named."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest
from disc_sets import bytes_of, tool, write_files
from keys import at_a_terminal, minisign_pair, ssh_pair

from heliograph.archive import open_set
from heliograph.archive.medium import of_size
from heliograph.archive.read.restore import restore
from heliograph.archive.rs03 import protect
from heliograph.archive.rs03.search import read_layout
from heliograph.archive.seal.seal import seal
from heliograph.archive.secret import Holders
from heliograph.archive.signing import public_key, signing_key
from heliograph.archive.signing.minisign import MinisignPublic
from heliograph.archive.verify.verify import verify
from heliograph.cli.main import main
from heliograph.errors import Locked, SignatureWrong, UsageWrong

DATE = datetime(2026, 11, 22, tzinfo=UTC)


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code, and all that was said."""
    code = main(["archive", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out + said.err


def signed_set(folder: Path, secret: Path, **sizes: int) -> Path:
    """Two data discs and a parity disc, signed."""
    tree = write_files(folder / "tree", **(sizes or {"a_bin": 1_900_000, "b_txt": 20}))
    signer = signing_key(secret, str)
    seal([tree], folder / "discs", date=DATE, medium=of_size("2.7MB"), parity=1, keep_times=False, signer=signer)
    return folder / "discs"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    signed_set(folder, minisign_pair(folder)[0])
    return folder


@pytest.fixture
def discs(home: Path, tmp_path: Path) -> Path:
    """A copy of the images, to change."""
    return Path(shutil.copytree(home / "discs", tmp_path / "discs"))


def opened(discs: Path, name: str, to: Path) -> Path:
    """What 7z copies out of one disc."""
    tool("7z", "x", f"-o{to}", next(discs.glob(f"*-{name}.iso")))
    return to


def change(image: Path, old: bytes, new: bytes) -> None:
    """Edit the ISO of an image, and protect it anew: all checksums of its sectors fit."""
    layout = read_layout(image)
    assert layout is not None and len(old) == len(new)
    data = bytearray(image.read_bytes()[: layout.iso_sectors * 2048])
    assert old in data
    image.write_bytes(data.replace(old, new))
    protect(image)


def test_it_says_by_whom_when_and_with_what(home: Path, capsys: pytest.CaptureFixture[str]):
    code, said = call(capsys, "verify", home / "discs", "--signer", home / "minisign.pub")

    assert code == 0
    number = re.findall(r"minisign public key ([0-9A-F]+)", (home / "minisign.pub").read_text())[0]
    assert re.search(
        rf"set (HG\w+): signed with minisign key 0*{number}: 2026-11-22T00:00:00\+00:00 heliograph [\d.]+ \1\n", said
    )
    assert "is signed; --signer PUBKEY checks by whom" in call(capsys, "verify", home / "discs")[1]


@pytest.mark.parametrize("disc", ["D01", "P01"])
def test_minisign_checks_the_index_of_every_disc_and_bagit_the_bag(home: Path, tmp_path: Path, disc: str):
    """With the key as README.txt prints it; data discs carry a signed tag manifest as well."""
    folder = opened(home / "discs", disc, tmp_path / disc)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("   minisign -V")]
    assert len(lines) == 4
    key = (home / "minisign.pub").read_text().splitlines()[1]

    for line in lines[: 2 if disc == "D01" else 1]:
        assert f"-P {key} " in line
        said = tool("sh", "-c", f"cd {folder} && {line}")
        assert "Signature and comment signature verified" in said
        assert "Trusted comment: 2026-11-22T00:00:00+00:00 heliograph" in said
    assert bagit.Bag(str(folder)).is_valid()


def test_the_same_files_date_and_key_give_the_same_bytes(home: Path, tmp_path: Path):
    again = signed_set(tmp_path, home / "minisign.key")

    assert bytes_of(again) == bytes_of(home / "discs")


def test_openssh_checks_what_its_key_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    secret, public = ssh_pair(tmp_path, "open sesame")
    with pytest.raises(Locked, match="wrong password"):
        signing_key(secret, lambda what: "wrong")
    (tmp_path / "word").write_text("open sesame\n")
    tree = write_files(tmp_path / "tree", a_bin=100)
    words = ("seal", tree, "--out", tmp_path / "discs", "--capacity", "2MB", "--sign", secret)
    assert call(capsys, *words, "--sign-password-file", tmp_path / "word")[0] == 0
    folder = opened(tmp_path / "discs", "D01", tmp_path / "opened")

    (folder / "signers").write_text(f"sealer {public.read_text()}")
    for name in ("index.json", "tagmanifest-sha256.txt"):
        line = f"ssh-keygen -Y verify -f signers -I sealer -n heliograph -s {name}.sig < {name}"
        assert 'Good "heliograph" signature for sealer' in tool("sh", "-c", f"cd {folder} && {line}")
    assert "ssh-keygen -Y verify" in (folder / "README.txt").read_text(encoding="utf-8")
    code, said = call(capsys, "verify", tmp_path / "discs", "--signer", public)
    assert code == 0
    assert "signed with SSH key SHA256:" in said
    assert tool("ssh-keygen", "-l", "-f", public).split()[1] in said
    (tmp_path / "other").mkdir()
    assert call(capsys, "verify", tmp_path / "discs", "--signer", ssh_pair(tmp_path / "other")[1])[0] == 18


@pytest.mark.parametrize("options", [(), ("-l",)])
def test_what_minisign_and_ssh_keygen_sign_is_accepted(home: Path, tmp_path: Path, options: tuple[str, ...]):
    """Hashed and legacy signatures, with a comment of people's own."""
    (tmp_path / "file").write_bytes(b"contents")
    secret, public = home / "minisign.key", public_key(str(home / "minisign.pub"))
    tool("minisign", "-S", *options, "-W", "-s", secret, "-m", tmp_path / "file", "-t", "on my word")

    signature = (tmp_path / "file.minisig").read_bytes()
    assert public.check(signature, b"contents") == "on my word"
    for wrong in (b"content!", b""):
        with pytest.raises(ValueError, match="not of these bytes"):
            public.check(signature, wrong)
    with pytest.raises(ValueError, match="comment was changed"):
        public.check(signature.replace(b"my word", b"my life"), b"contents")

    one, two = ssh_pair(tmp_path)
    tool("ssh-keygen", "-Y", "sign", "-f", one, "-n", "heliograph", tmp_path / "file")
    signature = (tmp_path / "file.sig").read_bytes()
    assert public_key(str(two)).check(signature, b"contents") == ""
    with pytest.raises(ValueError, match="not of these bytes"):
        public_key(str(two)).check(signature, b"content!")
    (tmp_path / "mail").write_bytes(b"contents")
    tool("ssh-keygen", "-Y", "sign", "-f", one, "-n", "mail", tmp_path / "mail")
    with pytest.raises(ValueError, match="another purpose"):
        public_key(str(two)).check((tmp_path / "mail.sig").read_bytes(), b"contents")


def test_a_key_that_minisign_protects_with_a_password_is_opened(tmp_path: Path):
    """By scrypt: with 1 GiB by default (tried by hand, it takes long), with less where less is to be had."""
    secret, public = tmp_path / "key", tmp_path / "pub"
    make = f"ulimit -v 200000; exec minisign -G -p {public} -s {secret}"
    at_a_terminal(["sh", "-c", make], ["open sesame", "open sesame"])

    signer = signing_key(secret, lambda what: "open sesame")

    (tmp_path / "file").write_bytes(b"contents")
    (tmp_path / "file.minisig").write_bytes(signer.sign("file", b"contents", "hello")["file.minisig"])
    assert "Trusted comment: hello file:file" in tool("minisign", "-V", "-p", public, "-m", tmp_path / "file")


def test_another_s_signature_none_and_a_key_that_is_none_are_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _, other = minisign_pair(tmp_path, "other")
    code, said = call(capsys, "verify", home / "discs", "--signer", other)
    assert code == 18
    assert "the signature of index.json: it was made with another key" in said
    assert call(capsys, "verify", home / "discs", "--signer", other, "--signer", home / "minisign.pub")[0] == 0

    tree = write_files(tmp_path / "tree", a_bin=10)
    assert call(capsys, "seal", tree, "--out", tmp_path / "plain", "--capacity", "2MB")[0] == 0
    code, said = call(capsys, "verify", tmp_path / "plain", "--signer", home / "minisign.pub")
    assert code == 18
    assert "index.json is not signed" in said

    (tmp_path / "text").write_text("hello")
    for signer in (tmp_path / "text", home / "minisign.key"):
        assert call(capsys, "verify", home / "discs", "--signer", signer)[0] == 2
    with pytest.raises(UsageWrong, match="it is a public key"):
        signing_key(home / "minisign.pub", str)


@pytest.mark.parametrize(
    ("disc", "old", "new", "said"),
    [
        ("D01", b'"title": "Files"', b'"title": "Lies!"', "missing|of these bytes"),
        ("D02", b"read_discs.py\n", b"READ_DISCS.PY\n", "tagmanifest-sha256.txt: it is not of these bytes"),
        ("D01", b"trusted comment: 2026", b"trusted comment: 1999", "its trusted comment was changed"),
    ],
)
def test_what_is_changed_under_sound_checksums_is_not_trusted(
    home: Path, discs: Path, capsys: pytest.CaptureFixture[str], disc: str, old: bytes, new: bytes, said: str
):
    change(next(discs.glob(f"*-{disc}.iso")), old, new)

    code, text = call(capsys, "verify", discs, "--signer", home / "minisign.pub")

    assert code in (18,) if "missing" not in said else code in (9, 10, 18)
    assert re.search(said, text)


def test_a_disc_of_another_set_in_place_of_one_is_caught(home: Path, tmp_path: Path):
    """Both are signed with the same key; the stray disc takes the name of the true one."""
    other = signed_set(tmp_path, home / "minisign.key", c_bin=1_900_000)
    with open_set([home / "discs"]) as view:
        mine = view.set_id
    for image in (home / "discs").glob("*-[DP]0[12].iso"):
        if not image.name.endswith("D01.iso"):
            shutil.copy(image, tmp_path)
    theirs = next(other.glob("*-D01.iso"))
    their_id = theirs.name[:11]
    shutil.copy(theirs, tmp_path / f"{mine}-D01.iso")
    change(tmp_path / f"{mine}-D01.iso", their_id.encode(), mine.encode())

    verdict = verify([tmp_path], signers=[public_key(str(home / "minisign.pub"))])

    assert verdict.error() is not None
    assert verdict.error().exit_code == 18  # type: ignore[union-attr]


def test_a_signed_disc_in_place_of_another_of_its_set_is_caught(home: Path, discs: Path):
    """With either kind of signature: the signed bag-info.txt says which disc it is."""
    image = next(discs.glob("*-D02.iso"))
    text = image.read_bytes()
    name = text[16 * 2048 + 40 : 16 * 2048 + 55]
    assert name.endswith(b"_D02")
    layout = read_layout(image)
    assert layout is not None
    forged = bytearray(text[: layout.iso_sectors * 2048])
    forged[16 * 2048 + 40 : 16 * 2048 + 55] = name.replace(b"D02", b"D01")
    image.write_bytes(forged)
    protect(image)
    next(discs.glob("*-D01.iso")).unlink()

    verdict = verify([discs], signers=[public_key(str(home / "minisign.pub"))])

    assert "is signed, and is that of another disc" in verdict.error().message  # type: ignore[union-attr]


@pytest.mark.parametrize("prompt", [(), ("--prompt-always",)], ids=["at once", "by turns"])
def test_restore_takes_only_what_the_signer_signed(
    home: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], prompt: tuple[str, ...]
):
    """The same words and exit code as of verify; nothing is written of what is refused."""
    other = minisign_pair(tmp_path, "other")[1]
    where = (discs / "*.iso",) if prompt else (discs,)
    words = ("restore", *where, "--to", tmp_path / "back", *prompt, "--signer")

    code, said = call(capsys, *words, other)
    assert (code, call(capsys, "verify", discs, "--signer", other)[0]) == (18, 18)
    assert "key" in said and not (tmp_path / "back").exists()
    change(next(discs.glob("*-D01.iso")), b'"format": "heliograph-disc-set/1"', b'"format":"heliograph-disc-set/1" ')
    for image in {*discs.glob("*.iso")} - {*discs.glob("*-D01.iso")}:
        image.unlink()
    assert call(capsys, *words, home / "minisign.pub")[0] == 18
    assert not (tmp_path / "back").exists()

    shutil.rmtree(discs)
    shutil.copytree(home / "discs", discs)
    assert call(capsys, *words, other, "--signer", home / "minisign.pub")[0] == 0
    assert len(list((tmp_path / "back" / "tree").iterdir())) == 2


def test_the_names_of_an_encrypted_set_are_those_that_its_signer_sealed(tmp_path: Path):
    """names.json.age is vouched for by the signed index alone: another one for the same files is refused."""
    tree = write_files(tmp_path / "tree", a_bin=20, b_txt=20)
    secret, public = minisign_pair(tmp_path)
    seal(
        *([tree], tmp_path / "discs"),
        date=DATE,
        medium=of_size("2MB"),
        holders=Holders(passphrase="abc"),
        signer=signing_key(secret, str),
    )
    image = next((tmp_path / "discs").glob("*.iso"))
    with open_set([image]) as view:
        names = view.discs["D01"].read("names.json.age")  # type: ignore[union-attr]
    change(image, names, bytes([*names[:-1], names[-1] ^ 1]))

    with open_set([image]) as view, pytest.raises(SignatureWrong, match=r"names.json.age is not the one"):
        restore(view, tmp_path / "back", signers=[public_key(str(public))])


def test_signatures_that_are_no_signatures_are_refused(home: Path):
    public = MinisignPublic.from_text((home / "minisign.pub").read_text())
    for text in (b"", b"\xff" * 300, b"a\nb\nc\nd\n", b"untrusted comment: x\nAAAA\ntrusted comment: y\nBBBB\n"):
        with pytest.raises(ValueError):
            public.check(text, b"")
