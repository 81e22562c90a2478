"""Mend a set: damaged discs by their own parity (`mend`), discs that are gone by the parity discs (`rebuild`)."""
