"""A real prompt, of Python's and of IPython, at which edited modules are reloaded."""

import os
import re
import subprocess
import sys
import textwrap

import pytest
from harness import TIMEOUT

PRICES = "RATE = 2\ndef price(n):\n    return n * RATE\n"
CART = "from shop.prices import price\nclass Cart:\n    def total(self):\n        return price(10)\n"
SAVE = """
def save(path, text):
    with open(path, "w") as file:
        file.write(text)
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop").mkdir()
    for name, text in {"__init__": "", "prices": PRICES, "cart": CART, "other": "KEPT = []\n"}.items():
        path = tmp_path / "shop" / f"{name}.py"
        path.write_text(text)
        os.utime(path, (1, 1))
    return tmp_path


def run(directory, command, text, *, both=False):
    """What a process prints that reads *text* as its input."""
    done = subprocess.run(
        [sys.executable, *command], cwd=directory, input=text, text=True, timeout=TIMEOUT, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if both else subprocess.PIPE,
        # An active virtual environment that is not its own IPython takes for a mistake.
        env={
            **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            "IPYTHONDIR": str(directory / ".ipython"),
            "TERM": "dumb",
            "PYTHON_BASIC_REPL": "1",
        },
    )  # fmt: skip
    return done.stdout


def prompt(directory, *lines, both=True):
    """A session with ``python -i``."""
    return run(directory, ["-i", "-q"], SAVE + "\n" + "\n".join(lines) + "\n", both=both)


def saved(old, new):
    """The line that saves an edit of shop/prices.py."""
    return f"save('shop/prices.py', {PRICES.replace(old, new)!r})"


BEGIN = ("import pytest_reloadwatch as rw", "_ = rw.reload_changed()", "import shop.cart, shop.prices, shop.other")


class TestPython:
    def test_says_what_it_reloaded_and_why(self, shop):
        said = prompt(shop, *BEGIN, saved("2", "3"), "rw.reload_changed()", "shop.cart.Cart().total()")
        assert "reloaded shop.prices: changed\nreloaded shop.cart: imports shop.prices, which changed\n" in said
        assert "30" in said

    def test_warns_of_variables_by_name(self, shop):
        said = prompt(shop, *BEGIN, "cart = shop.cart.Cart()", saved("2", "3"), "done = rw.reload_changed()")
        assert "StaleObjectWarning: name 'cart' in __main__ is an instance of shop.cart.Cart of generation 1" in said

    def test_warns_again_when_it_is_true_again(self, shop):
        again = ("cart = shop.cart.Cart()", saved("2", "4"), "done = rw.reload_changed()")
        said = prompt(shop, *BEGIN, *again, "cart = shop.cart.Cart()", saved("2", "5"), "done = rw.reload_changed()")
        assert said.count("StaleObjectWarning") == 2
        assert "of generation 2" in said

    def test_does_not_name_itself_where_a_module_is_gone(self, shop):
        """One that is renamed, and imported by its new name by who imported it before."""
        source = (shop / "shop/cart.py").read_text(encoding="utf-8")
        renamed = (
            "import os; os.rename('shop/prices.py', 'shop/costs.py'); del shop",
            f"_ = open('shop/cart.py', 'w').write({source.replace('prices', 'costs')!r})",
        )
        said = prompt(shop, *BEGIN, *renamed, "rw.reload_changed()")
        assert "reloaded shop.cart: changed" in said
        assert "meta_path" not in said

    def test_knows_what_was_loaded_before_it_was_imported(self, shop):
        begin = ("import shop.cart", saved("n * RATE", "n * RATE + 1"), "import pytest_reloadwatch as rw")
        assert "reloaded shop.prices: changed" in prompt(shop, *begin, "rw.reload_changed()")

    def test_knows_a_constant_that_was_loaded_before_it_was_imported(self, shop):
        begin = ("import shop.cart", saved("2", "3"), "import pytest_reloadwatch as rw")
        assert "reloaded shop.prices: changed" in prompt(shop, *begin, "rw.reload_changed()")

    def test_says_what_it_cannot_know(self, shop):
        begin = (f"save('shop/prices.py', {PRICES!r})", "import shop.cart", "import pytest_reloadwatch as rw")
        said = prompt(shop, *begin, "rw.reload_changed()", "rw.reload_changed('shop.prices')")
        assert re.search(r"not known whether changed: .*shop\.prices \(saved since", said)
        assert "reloaded shop.prices: changed\nreloaded shop.cart" in said

    def test_takes_modules_as_importlib_reload_does(self, shop):
        said = prompt(shop, *BEGIN, "rw.reload_changed(shop.prices)")
        assert "reloaded shop.prices: changed\nreloaded shop.cart" in said

    def test_a_syntax_error_changes_nothing(self, shop):
        said = prompt(shop, *BEGIN, saved("(n)", "(n"), "rw.reload_changed()", "shop.cart.Cart().total()")
        assert "prices.py, line 2: " in said
        assert "nothing was reloaded" in said
        assert "20" in said

    def test_a_module_that_fails_changes_nothing(self, shop):
        said = prompt(
            shop, *BEGIN, saved("RATE = 2", "RATE = 1 / 0"), "rw.reload_changed()", "shop.cart.Cart().total()"
        )
        assert "not reloaded: shop.prices could not be executed again: ZeroDivisionError" in said
        assert "20" in said

    def test_comments_are_no_change(self, shop):
        said = prompt(shop, *BEGIN, saved("RATE = 2", "# twice\nRATE = 2"), "rw.reload_changed()")
        assert "nothing to reload" in said

    def test_effects_that_happen_twice_are_told(self, shop):
        effect = "import shop.other\\nshop.other.KEPT.append(1)\\nRATE = 2"
        said = prompt(shop, *BEGIN, saved("RATE = 2", effect).replace("\\\\n", "\\n"), "rw.reload_changed()")
        assert "mind: shop.prices would do this once more: line 2: shop.other.KEPT.append(1)" in said
        assert "mind: list shop.other.KEPT had 0 items and has 1" in said

    def test_what_cannot_be_reloaded_is_told(self, shop):
        move = "import os; os.mkdir('shop/prices'); os.rename('shop/prices.py', 'shop/prices/__init__.py')"
        said = prompt(shop, *BEGIN, move, "rw.reload_changed()")
        assert "not reloaded: shop.prices is a package now; start a new process" in said

    def test_a_module_that_importlib_has_reloaded_is_known(self, shop):
        lines = (saved("2", "3"), "import importlib", "_ = importlib.reload(shop.prices)", "rw.reload_changed()")
        assert "nothing to reload" in prompt(shop, *BEGIN, *lines)

    def test_works_without_pytest(self, shop):
        assert "False" in prompt(shop, *BEGIN, "import sys", "'pytest' in sys.modules")

    def test_at_a_terminal(self, shop):
        pty = pytest.importorskip("pty", reason="a terminal of its own needs a pseudo terminal")
        lines = [*BEGIN, "cart = shop.cart.Cart()", saved("2", "3"), "rw.reload_changed()", "exit()"]
        inner, outer = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-q"], cwd=shop, stdin=outer, stdout=outer, stderr=outer, start_new_session=True,
            env={**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"},
        )  # fmt: skip
        os.close(outer)
        os.write(inner, (SAVE + "\n" + "\n".join(lines) + "\n").encode())
        said = b""
        try:
            while data := os.read(inner, 4096):
                said += data
        except OSError:  # what Linux says when the last program has left the terminal
            pass
        process.wait(TIMEOUT)
        os.close(inner)
        assert b"reloaded shop.prices: changed" in said
        assert b"name 'cart' in __main__ is an instance of shop.cart.Cart of generation 1" in said


class TestIPython:
    """``InteractiveShell`` runs each cell as the terminal and the kernel of a notebook do."""

    def cells(self, shop, *cells):
        program = f"""
            import os
            from IPython.core.interactiveshell import InteractiveShell
            shell = InteractiveShell.instance()
            shell.run_cell({SAVE!r})
            for cell in {list(cells)!r}:
                assert shell.run_cell(cell).success, cell
        """
        return run(shop, ["-"], textwrap.dedent(program), both=True)

    START = ("%load_ext pytest_reloadwatch\nimport shop.cart, shop.prices", "cart = shop.cart.Cart()")

    def test_reloads_before_a_cell(self, shop):
        said = self.cells(shop, *self.START[:1], saved("2", "3"), "print(shop.cart.Cart().total())")
        assert said == "reloaded shop.prices, shop.cart\n30\n"

    def test_tells_of_old_variables_in_the_same_line(self, shop):
        said = self.cells(shop, *self.START, saved("2", "3"), "print('next')")
        old = "name 'cart' in __main__ is an instance of shop.cart.Cart of generation 1"
        assert said == f"reloaded shop.prices, shop.cart; still old: {old}\nnext\n"

    def test_a_failure_is_told_once_and_breaks_no_cell(self, shop):
        said = self.cells(shop, *self.START, saved("(n)", "(n"), "print(cart.total())", "print('more')")
        line, *rest = said.splitlines()
        assert line.startswith("not reloaded: ")
        assert "prices.py, line 2" in line
        assert rest == ["20", "more"]

    def test_says_nothing_where_nothing_changed(self, shop):
        assert self.cells(shop, *self.START, "print('only this')") == "only this\n"

    def test_can_be_unloaded(self, shop):
        unload = "%unload_ext pytest_reloadwatch"
        said = self.cells(shop, *self.START, unload, saved("2", "3"), "print(shop.cart.Cart().total())")
        assert said == "20\n"
