"""Parts of bench/archive_fuzz.py: seeds, mutations, what is tried on a mutant, and the workers that try it.

ground ──► mutations (volume, records, texts, RS03 layer; or blind) ──► reader | program ──► workers: a tally
"""
