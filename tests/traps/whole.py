"""What only a run of everything has: the imports of other test files, and the tests that ran before."""

TRAPS = {
    "a test of another file that usually comes later": [
        """
        --- shop.py
        LEFT = []
        def price():
            return 1
        --- test_a.py
        import shop
        def test_a():
            assert shop.LEFT == []
        def test_clear():
            shop.LEFT.clear()
        --- test_b.py
        import shop
        def test_b():
            shop.LEFT.append(1)
            assert shop.price() == 1
        """,
        "--- shop.py: return 1 => return 2",
        "--- shop.py: return 2 => return 1",
    ],
    "a submodule that only another test file imports": [
        """
        --- test_a.py
        import dbm.dumb
        def test_a(): pass
        --- test_b.py
        import dbm
        VALUE = 1
        def test_b():
            assert dbm.dumb.open and VALUE == 1
        """,
        "--- test_b.py: VALUE = 1 => VALUE = 2",
        "--- test_b.py: == 1 => == 2",
    ],
    "a directory that only another test file puts on sys.path": [
        """
        --- one/helpers.py
        VALUE = 1
        --- one/test_one.py
        def test_one(): pass
        --- two/test_two.py
        import helpers
        def test_two():
            assert helpers.VALUE == 2
        """,
        "--- two/test_two.py: == 2 => == 1",
        "--- one/helpers.py: = 1 => = 2",
        "--- one/test_one.py renamed one/none.py",
    ],
    "a registration by another test file": [
        """
        --- registry.py
        NAMES = []
        --- test_a.py
        import registry
        registry.NAMES.append("a")
        def test_a(): pass
        --- test_b.py
        import registry
        def test_b():
            assert registry.NAMES == []
        --- test_c.py
        def test_c(): pass
        """,
        "--- test_c.py: pass => assert False",
        "--- test_b.py: == [] => == list('a')",
        "--- test_c.py: assert False => pass",
        "--- test_b.py: == list('a') => == []",
    ],
    "a test that ran before": [
        """
        --- data.txt
        1
        --- test_a.py
        SEEN = []
        def test_first():
            SEEN.append(1)
        def test_second():
            assert SEEN and int(open("data.txt").read()) in (1, 3)
        """,
        "--- data.txt: 1 => 2",
        "--- data.txt: 2 => 3",
        "--- test_a.py: SEEN.append(1) => pass",
        "--- test_a.py: pass => SEEN.append(1)",
    ],
    "a direct test that leaves something behind for those before it": [
        """
        --- shop.py
        SEEN = []
        def price():
            return 1
        def see():
            SEEN.append(price())
        --- test_shop.py
        import shop
        def test_before():
            assert not shop.SEEN
        def test_leaves():
            shop.see()
            assert shop.price()
        def test_after(): pass
        """,
        "--- shop.py: return 1 => return 0",
        "--- shop.py: return 0 => return 2",
    ],
    "skips and expected failures for want of a registration or of a test before": [
        """
        --- data.txt
        1
        --- registry.py
        NAMES = []
        --- test_a.py
        import registry
        registry.NAMES.append("a")
        def test_a(): pass
        --- test_b.py
        import pytest
        import registry
        DONE = []
        def test_before():
            DONE.append(1)
        def test_b():
            if "a" not in registry.NAMES:
                pytest.skip("nobody is there")
            assert open("data.txt").read()
        @pytest.mark.xfail
        def test_after():
            assert open("data.txt").read() and DONE
        """,
        """
        --- data.txt
        2
        --- test_c.py
        def test_c(): pass
        """,
        "--- test_a.py: append => count",
        "--- test_a.py: count => append",
        """
        --- data.txt
        3
        --- test_c.py
        def test_c(): assert 0
        """,
    ],
    "a test that ran before and leaves something": [
        """
        --- data.txt
        1
        --- test_a.py
        SEEN = []
        def test_first():
            SEEN.append(1)
        def test_second():
            assert not SEEN
        --- test_b.py
        def test_b():
            assert open("data.txt").read() == "1\\n"
        """,
        "--- data.txt: 1 => 2",
        "--- test_a.py: not SEEN => SEEN",
    ],
}
