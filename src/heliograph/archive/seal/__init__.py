"""Discs out: which file goes where (`pack`, `plan`), what that would give (`forecast`), the images (`fill`, `seal`)."""
