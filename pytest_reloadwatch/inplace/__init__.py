"""Reload in place: changed modules and what depends on them execute again, into the same module objects."""
