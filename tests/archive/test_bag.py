"""The bag, the index and the guide on a disc."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import bagit
import msgspec
import pytest
from disc_sets import DATE, ODD_NAMES, small_set, tool, write_files, write_tree

from heliograph.archive.medium import of_size
from heliograph.archive.read.believe import decode
from heliograph.archive.seal.seal import seal
from heliograph.archive.texts.bag import bag, read_manifest
from heliograph.archive.texts.index import FORMAT
from heliograph.errors import DiscWrong


def test_a_bag_lists_every_payload_and_tag_file():
    files = bag(
        [("data/a", 3, "0" * 64)], [("External-Description", "two\nlines"), ("Empty", "")], {"README.txt": b"hi"}
    )

    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert files["bag-info.txt"] == b"External-Description: two lines\nPayload-Oxum: 3.1\n"
    assert read_manifest(files["manifest-sha256.txt"], "here") == {"data/a": "0" * 64}
    tags = read_manifest(files["tagmanifest-sha256.txt"], "here")
    assert set(tags) == {"README.txt", "bagit.txt", "bag-info.txt", "manifest-sha256.txt"}
    assert tags["README.txt"] == hashlib.sha256(b"hi").hexdigest()


def test_a_broken_manifest_names_its_line():
    with pytest.raises(DiscWrong, match=r"manifest: line 2: expected a SHA-256 and a path"):
        read_manifest(b"0" * 64 + b"  data/a\nnonsense\n", "manifest")


def test_bagit_validates_every_disc_of_a_set_with_odd_names_copied_out_by_7z(tmp_path: Path):
    write_tree(tmp_path / "tree")
    write_files(tmp_path / "tree", big_bin=3_000_000)

    sealed = small_set(tmp_path / "tree", tmp_path / "discs", parity=1)

    assert len(sealed.discs) > 2
    for disc in sealed.discs:
        tool("7z", "x", f"-o{tmp_path / disc.name}", disc.path)
        found = bagit.Bag(str(tmp_path / disc.name))
        assert found.validate()
        assert found.info["Bag-Group-Identifier"] == sealed.set_id
        assert found.info["External-Identifier"] == f"{sealed.set_id}-{disc.name}"


def test_every_disc_carries_the_same_index_of_the_whole_set(tmp_path: Path):
    write_files(tmp_path / "tree", big_bin=2_000_000, small_bin=10)

    sealed = small_set(tmp_path / "tree", tmp_path / "discs", parity=1, about="The tables are described in TABLES.md.")

    texts = set()
    for disc in sealed.discs:
        tool("7z", "x", f"-o{tmp_path / disc.name}", disc.path)
        texts.add((tmp_path / disc.name / "index.json").read_bytes())
    index = decode(texts.pop(), "index.json")
    assert not texts
    assert index.format == FORMAT
    assert index.created == "2026-11-22T00:00:00+00:00"
    assert [disc.name for disc in index.discs] == [disc.name for disc in sealed.discs]
    big = next(file for file in index.files if file.path == "tree/big.bin")
    assert big.sha256 == hashlib.sha256((tmp_path / "tree" / "big.bin").read_bytes()).hexdigest()
    assert len(big.pieces) > 1
    assert big.pieces[0].disc == "D01"


def test_the_guide_tells_a_stranger_in_two_languages_how_to_read_and_mend_the_disc(tmp_path: Path):
    write_files(tmp_path / "tree", big_bin=2_000_000)
    (tmp_path / "tree" / "100 %").write_text("x")

    sealed = small_set(tmp_path / "tree", tmp_path / "discs", parity=2, about="The tables are described in TABLES.md.")
    tool("7z", "x", f"-o{tmp_path / 'P02'}", sealed.discs[-1].path)
    text = (tmp_path / "P02" / "README.txt").read_text(encoding="utf-8")

    for words in (
        f"Disc P02 of set {sealed.set_id}",
        "The tables are described in TABLES.md.",
        "sha256sum -c manifest-sha256.txt",
        "dvdisaster -i IMAGE.iso -f",
        "cat NAME.part*of003 > NAME",
        "SELECT * FROM 'FILE.parquet'",
        "Any 2 of the",
        "本盘是校验盘",
        "整张光盘丢失时",
        "data/tree/big.bin.part001of",
        "data/tree/100 _   was   'tree/100 %'",
    ):
        assert words in text
    assert "$" not in text.replace("$OUT", "")
    assert max(len(line) for line in text.splitlines()) <= 130


def test_a_stranger_joins_a_split_file_with_cat_and_checks_it_with_sha256sum(tmp_path: Path):
    write_files(tmp_path / "tree", big_bin=3_000_000)
    sealed = small_set(tmp_path / "tree", tmp_path / "discs")
    for disc in sealed.discs:
        tool("7z", "x", "-aoa", f"-o{tmp_path / disc.name}", disc.path)
        done = subprocess.run(
            ["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=tmp_path / disc.name, check=False
        )
        assert done.returncode == 0

    subprocess.run(f"cat {tmp_path}/D*/data/tree/big.bin.part* > {tmp_path}/joined", shell=True, check=True)

    assert (tmp_path / "joined").read_bytes() == (tmp_path / "tree" / "big.bin").read_bytes()


def test_an_index_of_another_format_or_with_strange_ids_is_refused(tmp_path: Path):
    write_tree(tmp_path / "tree", ODD_NAMES[:2])
    sealed = seal([tmp_path / "tree"], tmp_path / "discs", date=DATE, medium=of_size("3MB"))
    good = msgspec.to_builtins(sealed.index)

    for change, said in (
        ({"format": "heliograph-disc-set/9"}, "expected heliograph-disc-set/1"),
        ({"set_id": "../../evil"}, "not the ids of a set"),
        ({"discs": [{"name": "../D01", "kind": "data", "number": 1}]}, "expected the disc D01"),
        ({"files": 7}, "expected `array`, got `int`"),
    ):
        with pytest.raises(DiscWrong, match=said):
            decode(msgspec.json.encode({**good, **change}), "here")
    with pytest.raises(DiscWrong, match=r"here: index\.json"):
        decode(b"\xff\x00", "here")
