"""A process that has imported a project's tests, edits a file, and reloads in place; it prints what came of it."""

import importlib
import json
import os
import sys

from pytest_reloadwatch.exceptions import ReloadWatchError
from pytest_reloadwatch.inplace.apply import apply
from pytest_reloadwatch.inplace.loaded import LoadedModule
from pytest_reloadwatch.inplace.plan import graph_of, make_plan
from pytest_reloadwatch.inplace.witness import find_stale

ROOT = os.getcwd()


def is_own(path):
    return path.startswith(ROOT + os.sep)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def load_tests():
    """Conftest and test modules, as pytest would import them; failures are verdicts."""
    failed = {}
    names = sorted(name[:-3] for name in os.listdir(ROOT) if name.startswith("test_") or name == "conftest.py")
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:  # a verdict
            failed[name] = "error"
    return failed, [name for name in names if name.startswith("test_")]


def verdicts():
    """What each test without fixtures says."""
    found, names = load_tests()
    for name in names:
        for test, function in list(vars(sys.modules.get(name, object)).items() if name not in found else ()):
            if test.startswith("test_") and not function.__code__.co_argcount:
                found[f"{name}::{test}"] = verdict(function)
    return found


def verdict(function):
    try:
        function()
    except BaseException:  # a verdict
        return "failed"
    return "passed"


def loaded():
    found = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
    return [LoadedModule(n, p, read(p)) for n, p in found if p and is_own(p) and p.endswith(".py") and n != "__main__"]


def reload(before, edited):
    """Why a new process is needed; nothing where the reload is as good as one."""
    graph = graph_of(before, read, [ROOT])
    try:
        plan = make_plan(before, read, graph, also_changed=map(os.path.abspath, edited))
        if not plan.is_certain:
            return [str(reason) for reason in (*plan.obstacles, *plan.doubts)]
        applied = apply(plan, is_own)
    except ReloadWatchError as error:
        return [str(error)]
    return [*applied.disturbed, *map(str, find_stale(applied.previous))]


def answer(found):
    sys.stdout.write(json.dumps(found))


def main():
    """Read edited files from standard input, as JSON; without any, say what a cold process would."""
    edited = json.loads(sys.stdin.read())
    sys.path[0] = ROOT
    if edited is None:
        answer({"verdicts": verdicts()})
        return
    load_tests()
    before = loaded()
    for name, text in edited.items():
        if text is None:
            os.remove(name)
        else:
            os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
    reasons = reload(before, edited)
    answer({"reasons": reasons, "verdicts": None if reasons else verdicts()})


if __name__ == "__main__":
    main()
