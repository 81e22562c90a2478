"""Signed sets: who sealed. Ed25519 signatures that `minisign -V` or `ssh-keygen -Y verify` check without Heliograph.

The index is signed, the same on every disc, and with it every file of the set; and of each data disc its tag manifest.
"""

from heliograph.archive.signing.keys import Signer, public_key, signing_key
from heliograph.archive.signing.trust import Trust, judge

__all__ = ["Signer", "Trust", "judge", "public_key", "signing_key"]
