"""How to compute a lost disc without Heliograph: text for people, and a program of thirty lines for any Python 3."""

from __future__ import annotations

__all__ = ["PROGRAM", "explain"]

PROGRAM = """\
import sys
# python3 rebuild.py N LOST BYTES OUT  NUMBER=FILE=BYTES ...
# N: data discs in the set. LOST: number of the disc to compute, BYTES its length, OUT the file to write.
# Then N files that are left: NUMBER 1..N is a data disc, N+1 the first parity disc, and so on.
n, lost, size, out = int(sys.argv[1]), int(sys.argv[2]) - 1, int(sys.argv[3]), open(sys.argv[4], "wb")
left = [(int(k) - 1, open(name, "rb"), int(b)) for k, name, b in (a.split("=") for a in sys.argv[5:])]
exp, log, v = [0] * 510, [0] * 256, 1
for i in range(255):
    exp[i] = exp[i + 255] = v
    log[v] = i
    v = v << 1 ^ (0x187 if v & 128 else 0)
def mul(a, b): return exp[log[a] + log[b]] if a and b else 0
def div(a, b): return exp[log[a] - log[b] + 255] if a else 0
def row(k):
    return [int(i == k) if k < n else div(255 ^ i, 255 - (k - n) ^ i) for i in range(n)]
# Which sum of the files that are left is the lost disc? Gauss elimination, one equation per data disc.
rows = [row(k) for k, _, _ in left]
eqs = [[r[i] for r in rows] + [int(i == lost)] for i in range(n)]
for c in range(n):
    p = next(i for i in range(c, n) if eqs[i][c])
    eqs[c], eqs[p] = eqs[p], eqs[c]
    eqs[c] = [div(x, eqs[c][c]) for x in eqs[c]]
    for i in range(n):
        if i != c: eqs[i] = [x ^ mul(eqs[i][c], y) for x, y in zip(eqs[i], eqs[c])]
times = [bytes(mul(e[n], x) for x in range(256)) for e in eqs]
for at in range(0, size, 65536):
    total = 0
    for (_, file, length), table in zip(left, times):
        part = file.read(max(0, min(65536, length - at))).ljust(65536, bytes(1))
        total ^= int.from_bytes(part.translate(table), "little")
    out.write(total.to_bytes(65536, "little")[:size - at])
"""
"""Pure Python, no libraries, some tens of MB/s with five discs; a test runs it."""

_ENGLISH = """\
Number the data discs i = 0, 1, 2 ... (D01 is 0) and the parity discs p = 0, 1, 2 ... (P01 is 0). At every byte
offset, the byte of parity disc p (of its file PARITY-*.bin) is the sum over all data discs of c(p,i) times the byte of
disc i at that offset, counted from the start of its ISO image; a shorter image counts as followed by zeros. Sums and
products are those of the field of 256 elements: a byte is a polynomial over bits (128 is x^7, 1 is 1), addition is
XOR, multiplication is modulo x^8 + x^7 + x^2 + x + 1 (0x187), of which x (the byte 2) is a generator, and

    c(p,i) = (255 xor i) / ((255 - p) xor i)

so that P01 is simply the XOR of all data discs. To undo it, take as many parity discs as data discs are lost, and
solve the linear equations. The image so computed is the ISO part only, which is all one needs to read the files; its
RS03 layer is computed from it again. This program does it:
"""

_CHINESE = """\
数据盘编号 i = 0, 1, 2 …（D01 为 0），校验盘编号 p = 0, 1, 2 …（P01 为 0）。在每个字节偏移处，
校验盘 p（其文件 PARITY-*.bin）的字节，等于各数据盘在同一偏移（从 ISO 映像开头算起）的字节分别乘以
系数 c(p,i) 之后的和；较短的映像视为后面补零。加法与乘法在 256 个元素的有限域中进行：
一个字节是比特多项式（128 为 x^7，1 为 1），加法即异或，乘法对 x^8 + x^7 + x^2 + x + 1（0x187）取模，
x（字节 2）是生成元。系数为

    c(p,i) = (255 xor i) / ((255 - p) xor i)

因此 P01 就是所有数据盘的异或。恢复时，丢失几张数据盘就取几张校验盘，解线性方程组即可。
算出的只是 ISO 部分，读取文件有它就够了；RS03 层可由它重新算出。
上面的程序（纯 Python，不需任何库）完成这一计算：
N 为数据盘数；LOST 为要恢复的盘号（从 1 起），BYTES 为其 ISO 长度（字节），OUT 为输出文件；
其后列出 N 个尚存的文件，写作 盘号=文件=字节数，盘号 1..N 为数据盘，N+1 起为校验盘。
"""


def explain() -> str:
    """English, the program, Chinese: for the README.txt of every disc of a set with parity."""
    program = "".join(f"    {line}\n" if line else "\n" for line in PROGRAM.splitlines())
    return f"{_ENGLISH}\n{program}\n{_CHINESE}"
