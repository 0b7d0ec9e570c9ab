"""Tiny projects as text: each edit makes something stale that a lesser reload would keep."""

from hazards import collection, files, imports, libraries, modes, objects, processes

ALL = {
    **objects.HAZARDS,
    **imports.HAZARDS,
    **files.HAZARDS,
    **collection.HAZARDS,
    **libraries.HAZARDS,
    **modes.HAZARDS,
    **processes.HAZARDS,
}

__all__ = ["ALL"]
