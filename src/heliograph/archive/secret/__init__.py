"""Encrypted sets: who may read. Files and names are encrypted in the open format age; docs/archive.md says what is not.

    holders ──(pyrage)──► key.age: the set's own key, for recipients; or under a passphrase (passphrase)
    set key ──► NNNNNNN.age: each file     ──► names.json.age: which is which

Sealing needs `seal.lock`, reading `read.unlock`; everything between them (parity, repair, catalogs) works on the
encrypted files and needs no key.
"""

from heliograph.archive.secret.holders import Holders, Keyring

__all__ = ["Holders", "Keyring"]
