"""A worker: one process in which pytest runs again and again, and what changed is reloaded in place in between."""
