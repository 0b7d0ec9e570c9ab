"""The example project and its demo do what they are there to show."""

import os
import signal
import subprocess
import sys
import uuid

import pytest
from example import EXAMPLE, copy_of_example
from harness import TIMEOUT, TOKEN, WatchSession, eventually, processes_with

RECEIPTS = [
    "tests/checkout/test_report.py::test_receipt_lists_what_was_bought",
    "tests/checkout/test_report.py::test_receipt_shows_delivery_and_total",
    "tests/checkout/test_report.py::test_receipt_shows_the_tax",
    "tests/checkout/test_report.py::test_receipt_thanks",
]


@pytest.fixture
def shop(tmp_path):
    """A copy in which tests have run before, as in any project that is worked on."""
    shop = copy_of_example(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q"]
    subprocess.run(command, cwd=shop.root, stdout=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
    return shop


@pytest.fixture
def session(shop):
    """A session whose first run is over."""
    with WatchSession(shop) as session:
        session.assert_equal_to_cold()
        yield session


def files_of(ran):
    return {nodeid.partition("::")[0] for nodeid in ran}


def test_passes_by_itself(shop):
    cold = shop.cold()
    assert set(cold["outcomes"].values()) == {"passed"}
    assert len(cold["outcomes"]) == 36


def test_edit_of_prices_leaves_the_catalogue_warm(shop, session):
    shop.replace("shop/pricing.py", 'Decimal("50.00")', 'Decimal("60.00")')
    step = session.assert_equal_to_cold()
    assert step.outcomes["tests/test_pricing.py::test_delivery_is_free_from_fifty"] == "failed"
    assert "shop.pricing" in step.reexecuted
    assert "shop.catalog" not in step.reexecuted
    assert files_of(step.ran) == {
        "tests/test_pricing.py",
        "tests/checkout/test_cart.py",
        "tests/checkout/test_orders.py",
        "tests/checkout/test_report.py",
    }


def test_undone_edit_runs_nothing(shop, session):
    before = shop.files()
    shop.replace("shop/pricing.py", 'Decimal("50.00")', 'Decimal("60.00")')
    session.step()
    shop.restore(before)
    assert session.assert_equal_to_cold().ran == []


def test_edit_of_the_template_executes_no_module(shop, session):
    shop.replace("shop/templates/receipt.txt", "Thank you!", "Thanks!")
    step = session.assert_equal_to_cold()
    assert sorted(step.ran) == RECEIPTS
    assert step.reexecuted == []
    assert step.outcomes[RECEIPTS[-1]] == "failed"


def test_heavy_module_that_few_need_is_imported_for_those_only(shop, session):
    shop.replace("shop/forecasting.py", "CONFIDENCE = 0.95", "CONFIDENCE = 0.5")
    step = session.assert_equal_to_cold()
    assert files_of(step.ran) == {"tests/test_restock.py"}
    assert "shop.catalog" not in step.reexecuted


def test_edit_of_the_catalogue_s_data_reruns_all_that_use_it(shop, session):
    shop.replace("shop/data/products.csv", "Pocket Atlas,book,12.50", "Pocket Atlas,book,13.50")
    step = session.assert_equal_to_cold()
    assert step.outcomes["tests/test_catalog.py::test_prices_are_exact"] == "failed"
    assert "shop.catalog" in step.reexecuted


class Demo:
    """The demo script, as it is started from a clone."""

    def __init__(self, output):
        self.token = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLE / "demo.py"), "--pause", "0"],
            env={**os.environ, TOKEN: self.token, "CI": "true", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def pids(self):
        return processes_with(f"{TOKEN}={self.token}")


@pytest.fixture
def output(tmp_path):
    with open(tmp_path / "output.txt", "w+", encoding="utf-8") as output:
        yield output


def test_demo_reacts_to_edits_with_the_verdicts_of_cold_runs(output):
    before = sorted(EXAMPLE.rglob("*"))
    demo = Demo(output)
    code = demo.process.wait(2 * TIMEOUT)
    output.seek(0)
    text = output.read()
    assert code == 0, text
    assert "saving shop/pricing.py" in text
    assert "1 of 36 tests fails" in text
    assert "(7 of 7)" in text
    eventually("nothing of it runs", lambda: not demo.pids(), 5)
    assert sorted(EXAMPLE.rglob("*")) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_that_is_interrupted_leaves_nothing_running(output, number):
    demo = Demo(output)
    eventually("its session has settled", lambda: " proven (36 run" in output_of(output))
    demo.process.send_signal(number)
    assert demo.process.wait(TIMEOUT) == 128 + number
    eventually("nothing of it runs", lambda: not demo.pids(), 5)


def output_of(file):
    file.seek(0)
    return file.read()
