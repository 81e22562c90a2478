"""Is everything still there? One disc (`check`), and all discs of a set (`verify`)."""
