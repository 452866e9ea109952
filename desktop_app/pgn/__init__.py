"""Text <-> domain: reading and writing PGN. No SQL, no Qt."""
