"""The record: its tables, and what is read from them: genealogy, key figures, events."""
