"""Signed sets: who sealed. Ed25519 signatures that `minisign -V` or `ssh-keygen -Y verify` check without Heliograph.

The index is signed, the same on every disc, and with it every file of the set; and of each data disc its tag manifest.
`read.trust` judges them.
"""

from heliograph.archive.signing.keys import Signer, public_key, signing_key

__all__ = ["Signer", "public_key", "signing_key"]
