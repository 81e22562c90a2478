"""Reads the disc set that this file lies on: with Python 3.6 or later, and nothing else. Slow, but whole.

    python3 read_discs.py list  DISC...                which discs are here, and which files the set holds
    python3 read_discs.py check DISC...                every sector and every file; writes nothing
    python3 read_discs.py copy  DISC... --to FOLDER    the files: mended, joined, held against their SHA-256
    python3 read_discs.py mend  DISC... --to FOLDER    the images: mended, and of lost data discs the ISO image

DISC is an image file, a drive such as /dev/sr0 (on Windows \\\\.\\D:), or a folder of *.iso files. Give all you have:
each disc mends itself, and what it cannot mend is computed from the others, if parity discs are among them. Nothing is
overwritten. Exit status: 0 all well or brought back, 1 something lost, 2 wrong use, 3 (check) damage, can be mended.
"""

import argparse
import filecmp
import hashlib
import json
import struct
import sys
import tempfile
import zlib
from functools import partial
from pathlib import Path

SECTOR, LAYERS, ZERO, COOKIE = 2048, 255, bytes(2048), b"*dvdisaster*RS03"
# The field of 256 elements: addition is XOR; multiplication is that of polynomials modulo x^8 + x^7 + x^2 + x + 1.
EXP = [1]  # the powers of x, twice around
while len(EXP) < 510:
    EXP.append(EXP[-1] << 1 ^ (0x187 if EXP[-1] & 128 else 0))
LOG = {value: exponent for exponent, value in enumerate(EXP[:255])}
# bytes.translate with TIMES[a] multiplies many bytes by a at once: that makes Python fast enough.
TIMES = [bytes(EXP[LOG[a] + LOG[b]] if a and b else 0 for b in range(256)) for a in range(256)]
# Equation j of a codeword: the sum over all layers c of WEIGHT[j][c] times the byte of layer c is zero.
WEIGHT = [bytes(EXP[11 * (112 + j) * (254 - c) % 255] for c in range(LAYERS)) for j in range(170)]


def total(terms):  # the sum of factor times bytes, over pairs of these
    value = 0
    for factor, data in terms:
        value ^= int.from_bytes(data.translate(TIMES[factor]), "little")
    return value.to_bytes(len(terms[0][1]), "little")


def solve(rows, columns):  # Gauss and Jordan: a row per column, 1 there and 0 in the others; and rows left over, all 0
    solved, rest = [], list(rows)
    for column in columns:
        pivot = next(row for row in rest if row[column])
        rest.remove(pivot)
        pivot = pivot.translate(TIMES[EXP[255 - LOG[pivot[column]]]])
        for part in (solved, rest):
            part[:] = [total([(1, row), (row[column], pivot)]) if row[column] else row for row in part]
        solved.append(pivot)
    return solved, rest


def vouched(data, at):  # whether data matches the CRC at byte `at` of it, which was taken with 0x4c5047 in its place
    return zlib.crc32(data[:at] + b"GPL\0" + data[at + 4 :]) ^ 0xFFFFFFFF == struct.unpack_from("<I", data, at)[0]


class Image:
    """One disc image; read once, from end to end, it then gives its sectors as they were sealed.
    It is 255 layers of `rows` sectors; row r is the r-th sector of each. The first n layers are data (the ISO image and
    a header), the next CRCs, the last m Reed-Solomon parity: any m sectors of a row may be lost. It is called RS03."""

    def __init__(self, path, thorough):
        self.path, self.file = path, path.open("rb", buffering=0)
        self.end = self.file.seek(0, 2) // SECTOR
        self.fixed, self.gone, self.kept = {}, {}, {}  # mended sectors; by row: lost ones, CRCs of the next row
        self.iso, self.n, self.m, self.rows = self.find_layout()
        # Each row needs the CRCs that the one before keeps: begin behind a whole one. If none is, mend the first twice.
        start = next((r for r in range(self.rows) if self.keep(r, self.raw(self.n * self.rows + r))), -1)
        for step in range(1, self.rows + 2 if self.rows else 0):
            self.mend((start + step) % self.rows, thorough)

    def raw(self, sector, count=1):  # sectors as they stand there; zeros for what cannot be read
        try:
            self.file.seek(sector * SECTOR)
            return self.file.read(count * SECTOR).ljust(count * SECTOR, b"\0")
        except OSError:  # so a drive says that it cannot read a sector
            return ZERO if count == 1 else b"".join(self.raw(sector + k) for k in range(count))

    def sector(self, number):  # as it was sealed, or None
        lost = number in self.gone.get(number % (self.rows or 1), ())
        return None if lost else self.fixed.get(number) or self.raw(number)

    def find_layout(self):  # from the header behind the ISO; else from any header or CRC sector
        said = struct.unpack_from("<I", self.raw(16), 80)[0]  # where the volume descriptor says that the ISO ends
        for at in range(-1, self.end):
            data = self.raw(said if at < 0 else at, 2)
            for where, size, own, fields in ((0, 4096, 96, "<68xqii36xq"), (1024, 2048, 1120, "<1088xq4xii4xq")):
                if data.startswith(COOKIE, where) and vouched(data[:size], own):
                    iso, n, m, rows = struct.unpack_from(fields, data)
                    if n + m == LAYERS and 8 <= m <= 170 and rows > 0 and (iso in (at, said) or at // rows == n - 1):
                        return iso, n - 1, m, rows
        if said != self.end or not said:
            raise LookupError("not a disc of such a set, or damaged past recognition")
        return said, 0, 0, 0  # an ISO image alone, as `mend` computes it: only SHA-256 tells whether it is whole

    def keep(self, row, data):  # note the CRCs in this CRC sector; whether it is whole
        mine = struct.pack("<ii4xq", self.n + 1, self.m, self.rows)
        whole = data.startswith(COOKIE, 1024) and data[1100:1120] == mine and vouched(data, 1120)
        if whole:
            self.kept[row] = [each ^ 0xFFFFFFFF for each in struct.unpack_from(f"<{self.n}I", data)]
        return whole

    def mend(self, row, thorough):
        """Compute what is lost in a row, parity only if `thorough`; believed if every CRC and spare equation agrees."""
        n, m, wanted = self.n, self.m, self.kept.get((row - 1) % self.rows)
        places = [layer * self.rows + row for layer in range(LAYERS)]
        sectors = [self.fixed.get(place) or self.raw(place) for place in places]
        sure = [c for c in range(n) if wanted and zlib.crc32(sectors[c]) == wanted[c]]
        sure += [n] * self.keep(row, sectors[n])
        bad = [c for c in range(LAYERS) if c not in sure and (not any(sectors[c]) if c > n else wanted or c == n)]
        if len(sure) == n + 1 and not thorough:
            return
        if len(sure) == n + 1:  # all data is whole: its parity is computed again, however damaged
            bad = list(range(n + 1, LAYERS))
        # What an equation gives instead of zero is the same sum over the errors alone: m equations for these.
        rows = [WEIGHT[j] + total([(WEIGHT[j][c], sectors[c]) for c in range(LAYERS)]) for j in range(m)]
        while len(bad) <= m:
            solved, rest = solve(rows, bad)
            # The equations left over tell of errors elsewhere. Combine them until none is contradicted: bad are the
            # sectors that none of these combinations sees. That finds as many as there are equations, less one.
            free = rest
            while any(any(each[LAYERS:]) for each in free):
                odd = next(each[LAYERS:] for each in free if any(each[LAYERS:]))
                free = solve(free, [LAYERS + SECTOR - len(odd.lstrip(b"\0"))])[1]
            if len(free) == len(rest):
                mended = {c: total([(1, sectors[c]), (1, solved[k][LAYERS:])]) for k, c in enumerate(bad)}
                # Without CRCs one equation at least must be left over, or anything would be believed.
                agrees = all(zlib.crc32(mended[c]) == wanted[c] for c in bad if c < n) if wanted else len(bad) < m
                if agrees and self.keep(row, mended.get(n, sectors[n])):
                    self.fixed.update((places[c], mended[c]) for c in bad if mended[c] != sectors[c])
                    self.gone.pop(row, None)
                    return
            more = [c for c in range(LAYERS) if c not in sure and c not in bad and not any(each[c] for each in free)]
            bad += more if free and more else [0] * LAYERS
        self.gone[row] = {places[c] for c in range(LAYERS) if c not in sure}


def tree(read):  # first sector and bytes of every file of an ISO 9660 image, by its full (Rock Ridge) name
    def full_name(entries):  # from the NM entries of a record; a CE entry says where they go on
        name, following = b"", b""
        while len(entries) >= 4 and entries[2] >= 4:
            if entries[:2] == b"NM":
                name += entries[5 : entries[2]]
            elif entries[:2] == b"CE":
                sector, offset, size = struct.unpack_from("<I4xI4xI", entries, 4)
                following = read(sector)[offset : offset + size]
            entries = entries[entries[2] :]
        return name + (full_name(following) if following else b"")

    files, seen, folders = {}, set(), [("", read(16)[156:190])]  # the root's record stands in the volume descriptor
    while folders:
        path, record = folders.pop()
        start, size = struct.unpack_from("<I4xI", record, 2)
        for sector in range(start, start - (-size // SECTOR)):
            data = b"" if sector in seen else read(sector)
            seen.add(sector)
            while data and data[0]:  # no record goes over the end of a sector; zeros fill it up
                record, data = data[: data[0]], data[data[0] :]
                if record[33 : 33 + record[32]] in (b"\0", b"\1"):  # the folder itself, and the one above
                    continue
                name = path + full_name(record[33 + (record[32] | 1) :]).decode("utf-8")
                if record[25] & 2:
                    folders.append((name + "/", record))
                else:  # a file above 4 GB has several records; its bytes are one run all the same
                    start, size = struct.unpack_from("<I4xI", record, 2)
                    files[name] = (files.get(name, (start,))[0], size + files.get(name, (0, 0))[1])
    return files


def run(places, sha256=None):  # the bytes of a file; places are (what reads a sector, first sector, bytes)
    digest = hashlib.sha256()
    for read, start, size in places:
        for at in range(0, size, SECTOR):
            data = read(start + at // SECTOR)[: size - at]
            digest.update(data)
            yield data
    if sha256 not in (None, digest.hexdigest()):
        raise LookupError("its bytes do not match its SHA-256")


def save(parts, target, to):  # write a file below the folder `to`: whole or not at all, and never over another
    if to.resolve() not in target.resolve().parents:
        raise LookupError("a link leads out of the folder")
    if parts is None:  # a folder
        return target.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(to)) as aside:
        with Path(aside, "partial").open("wb") as out:
            out.writelines(parts)
        if target.exists() and not filecmp.cmp(out.name, str(target), shallow=False):
            raise LookupError("another file of this name is there already")
        Path(out.name).replace(target)


class DiscSet:
    """The discs of one set that are here; those that are not are computed, as far as parity discs reach."""

    def __init__(self, paths, thorough):
        self.sums, self.trees, self.parity_at, found, texts = {}, {}, {}, {}, set()
        for path in paths:
            try:
                image = Image(path, thorough)
                found.setdefault(image.sector(16)[40:72].decode().strip(), []).append(image)  # by volume name
                texts.add(b"".join(run([(image.sector, *tree(image.sector)["index.json"])])))
            except Exception as wrong:
                print(f"{path}: of no use by itself: {wrong!r}")
        if len(texts) != 1:
            raise SystemExit(f"these are discs of {len(texts)} sets: give the discs of one")
        self.index = json.loads(texts.pop().decode())
        names = [file["path"] for file in self.index["files"]] + self.index["folders"]
        if self.index["format"] != "heliograph-disc-set/1" or any({"", ".", ".."} & set(n.split("/")) for n in names):
            raise SystemExit("index.json: a format that is not known here, or a name that leads out of the folder")
        self.data = [disc["name"] for disc in self.index["discs"] if disc["kind"] == "data"]
        self.parity = [disc["name"] for disc in self.index["discs"] if disc["kind"] == "parity"]
        self.images = {disc: found.get(f"{self.index['set_id']}_{disc}", []) for disc in self.data + self.parity}
        self.sizes = {disc: images[0].iso for disc, images in self.images.items() if images}  # of the ISO, in sectors
        for p, disc in enumerate(self.parity):
            try:  # parity discs know how long the ISO image of each data disc is, and its SHA-256
                for note in json.loads(b"".join(run([self.place(disc, "images.json")])).decode()):
                    self.sizes[note["disc"]], self.sums[note["disc"]] = note["iso_bytes"] // SECTOR, note["sha256"]
                self.parity_at[disc] = self.place(disc, f"data/PARITY-{p + 1}.bin")[1]
            except LookupError:
                continue

    def place(self, disc, path):  # where a file of a disc stands, as `run` wants it
        if disc not in self.trees:
            self.trees[disc] = tree(partial(self.sector, disc))
        return (partial(self.sector, disc), *self.trees[disc][path])

    def own(self, disc, number):  # a sector of a disc that is here, or None; zeros past the end of its ISO image
        if number >= self.sizes.get(disc, number + 1):
            return ZERO
        return next((it for it in (image.sector(number) for image in self.images[disc]) if it is not None), None)

    def sector(self, disc, number):
        """A sector of any disc. Parity disc p holds the sums of (255 ^ i) / ((255 - p) ^ i) times data disc i."""
        mine = self.own(disc, number)
        if mine is not None:
            return mine
        known = {each: self.own(each, number) for each in self.data}
        lost, equations = [each for each in known if known[each] is None], []
        for p, each in enumerate(self.parity if disc in lost else []):
            sums = self.own(each, self.parity_at[each] + number) if each in self.parity_at else None
            if sums is not None:
                factors = {each: EXP[LOG[255 ^ i] + 255 - LOG[255 - p ^ i]] for i, each in enumerate(self.data)}
                terms = [(1, sums)] + [(factors[each], known[each]) for each in known if each not in lost]
                equations.append(bytes(factors[each] for each in lost) + total(terms))
        if disc not in lost or len(equations) < len(lost):
            raise LookupError(f"sector {number} of {sorted({disc, *lost})} is lost; parity replaces {len(equations)}")
        return solve(equations, range(len(lost)))[0][lost.index(disc)][len(lost) :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["list", "check", "copy", "mend"])
    parser.add_argument("disc", nargs="+", type=Path)
    parser.add_argument("--to", type=Path)
    wish = parser.parse_args()
    if (wish.what in ("copy", "mend")) != bool(wish.to):
        parser.error("copy and mend need --to FOLDER, and only they")
    sys.stdout = type(sys.stdout)(sys.stdout.buffer, sys.stdout.encoding, "backslashreplace")
    paths = [each for path in wish.disc for each in (sorted(path.glob("*.iso")) if path.is_dir() else [path])]
    discs = DiscSet(paths, wish.what in ("check", "mend"))
    tasks, lost = [], 0
    for disc, images in discs.images.items():
        for it in images or [None]:
            print(disc, f"{it.path}: {len(it.fixed)} sectors mended, {len(it.gone)} rows lost" if it else "is not here")
        it = next((each for each in images if not each.gone), None)
        if wish.what == "mend" and (images or disc in discs.sums):
            size = (LAYERS * it.rows or it.end) if it else discs.sizes.get(disc, 17)
            place = (it.sector if it else partial(discs.sector, disc), 0, size * SECTOR)
            sha256 = None if it else discs.sums.get(disc, "unknown")
            tasks.append((f"{discs.index['set_id']}-{disc}.iso", run([place], sha256)))
    for file in discs.index["files"] if wish.what != "mend" else []:
        if wish.what == "list":
            print(f"{file['bytes']:15,} {file['path']} ({', '.join(piece['disc'] for piece in file['pieces'])})")
        else:
            places = (discs.place(piece["disc"], piece["path"]) for piece in file["pieces"] if piece["bytes"])
            tasks.append((file["path"], run(places, file["sha256"])))
    locked = [each for each in discs.index.get("beside", {}).items() if each[0].endswith(".age")]  # keys, names
    here = [disc for disc in discs.images if discs.images[disc]][:1]
    for name, sha256 in locked if wish.what in ("check", "copy") else []:
        tasks.append((name, run((discs.place(disc, name) for disc in here), sha256)))
    tasks += [(folder, None) for folder in discs.index["folders"] if wish.what == "copy"]
    for name, parts in tasks:
        try:
            save(parts, wish.to / name, wish.to) if wish.to else sum(map(len, parts))
        except Exception as wrong:
            lost += 1
            print(f"{name}: {wrong!r}")
    print(f"{len(tasks) - lost} of {len(tasks)} whole" * bool(tasks), "encrypted: see README.txt" * bool(locked))
    hurt = [disc for disc, images in discs.images.items() if not images or any(it.fixed or it.gone for it in images)]
    return 1 if lost else 3 if hurt and wish.what == "check" else 0


if __name__ == "__main__":
    sys.exit(main())
