"""Runs inside a run: sees which modules execute, which files are read, and on whose account."""
