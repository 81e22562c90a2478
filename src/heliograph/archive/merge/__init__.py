"""Several damaged copies of one disc, made one whole image."""

from heliograph.archive.merge.merge import Merged, Share, merge

__all__ = ["Merged", "Share", "merge"]
