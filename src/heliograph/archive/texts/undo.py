"""How to compute a lost disc without Heliograph: the formula, in words. `texts/read_discs.py` is the program."""

from __future__ import annotations

__all__ = ["explain"]

_ENGLISH = """\
Number the data discs i = 0, 1, 2 ... (D01 is 0) and the parity discs p = 0, 1, 2 ... (P01 is 0). At every byte
offset, the byte of parity disc p (of its file PARITY-*.bin) is the sum over all data discs of c(p,i) times the byte of
disc i at that offset, counted from the start of its ISO image; a shorter image counts as followed by zeros. Sums and
products are those of the field of 256 elements: a byte is a polynomial over bits (128 is x^7, 1 is 1), addition is
XOR, multiplication is modulo x^8 + x^7 + x^2 + x + 1 (0x187), of which x (the byte 2) is a generator, and

    c(p,i) = (255 xor i) / ((255 - p) xor i)

so that P01 is simply the XOR of all data discs. To undo it, take as many parity discs as data discs are lost, and
solve the linear equations. The image so computed is the ISO part only, which is all one needs to read the files; its
RS03 layer is computed from it again. The program read_discs.py on every disc does it (`mend`), in its function
`DiscSet.sector`.
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
每张盘上的程序 read_discs.py（mend）完成这一计算，见其中的函数 DiscSet.sector。
"""


def explain() -> str:
    """English, then Chinese: for the README.txt of every disc of a set with parity."""
    return f"{_ENGLISH}\n{_CHINESE}"
