"""Bytes back: which discs lie here (`identify`), the files of a set wherever they stand (`reader`), and copies of them.

disc, checked ──► reader ──(unlock, for encrypted sets)──► restore; turns, where discs come one at a time
believe: what an index may say ──┘                           trust: who sealed them
"""
