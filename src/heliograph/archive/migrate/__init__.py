"""Migrate sealed discs to new ones: `sources` checks and mends aside, `repack` and `refresh` write, custody is kept."""

from heliograph.archive.migrate.migrate import Migrated, migrate

__all__ = ["Migrated", "migrate"]
