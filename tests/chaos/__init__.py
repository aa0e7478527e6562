"""Several servers on one PostgreSQL while they die, stop and are cut off."""
