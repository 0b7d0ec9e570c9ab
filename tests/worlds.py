"""A few modules that this very process has imported, to edit and to reload in place."""

import importlib
import os
import sys
import textwrap

from pytest_reloadwatch.inplace.apply import apply
from pytest_reloadwatch.inplace.loaded import LoadedModule
from pytest_reloadwatch.inplace.plan import graph_of, make_plan
from pytest_reloadwatch.inplace.witness import find_stale


class World:
    """Sources by module name, written with slashes for dots; ``start`` imports some, ``reload`` plans and applies."""

    def __init__(self, root):
        self.root = str(root)
        self._before = dict(sys.modules)
        self._loaded = {}
        sys.path.insert(0, self.root)

    def close(self):
        sys.path.remove(self.root)
        for name in [name for name in sys.modules if name not in self._before]:
            del sys.modules[name]

    def write(self, **sources):
        """``a=...`` is a.py, ``p__a=...`` is p/a.py, ``p__INIT=...`` is p/__init__.py."""
        for name, source in sources.items():
            path = self.path(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(source).lstrip("\n"))

    def path(self, name):
        return os.path.join(self.root, name.replace("__", "/").replace("INIT", "__init__") + ".py")

    def delete(self, name):
        os.remove(self.path(name))

    def start(self, *names):
        """Import modules as a program would; what their sources were is remembered."""
        importlib.invalidate_caches()
        for name in names:
            importlib.import_module(name)
        self.note_loaded()
        return [sys.modules[name] for name in names]

    def is_own(self, path):
        return path.startswith(self.root + os.sep)

    def modules(self):
        """What is loaded of this world."""
        found = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
        return {name: sys.modules[name] for name, path in found if path and self.is_own(path)}

    def note_loaded(self):
        paths = {name: module.__file__ for name, module in self.modules().items()}
        self._loaded = {name: LoadedModule(name, path, read(path)) for name, path in paths.items()}

    def plan(self, **how):
        loaded, graph = self.loaded_and_graph()
        return make_plan(loaded, read, graph, **how)

    def loaded_and_graph(self):
        loaded = list(self._loaded.values())
        return loaded, graph_of(loaded, read, [self.root])

    def reload(self, **how):
        applied = apply(self.plan(**how), self.is_own)
        self.note_loaded()
        return applied

    def stale(self, applied):
        """What the witness says, in words."""
        return [str(one) for one in find_stale(applied.previous)]


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
