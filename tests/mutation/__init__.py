"""Mutants of ``migrate/kserve``: is there a test for every rule? See ``docs/mutation.md``."""
