"""Compiled kernels: products in the field of 256 elements (`gf`), and checksums of sectors (`crc`).

Each has several ways; which one a processor can run is found out, and tried against the plain one, at first use.
"""
