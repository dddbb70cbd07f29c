"""What tests want of a program, in which form they are run, and which are refused because they test nothing."""

from typing import Any

import pytest

from hornbook.oracles import code
from hornbook.oracles.test_analysis import helpers_in
from hornbook.oracles.test_texts import as_run, parse_python

POLY = "import math\n\n\ndef poly(xs, x):\n    return sum(xs) * x\n\n\ndef find_zero(xs: list):\n    ''' xs. '''\n"

WANTED = [  # tests; what else the entry holds; names asked of the program, and those of them that are classes
    (["assert f(1) == 2"], {}, ["f"], []),
    (["assert math.isclose(f(1), 2)"], {}, ["f"], []),
    (["assert isclose(f(1), pi) and Decimal('1') == f(2)"], {}, ["f"], []),
    (["x = [1]\nassert sorted(f(x)) == sorted(x)"], {}, ["f"], []),
    (["assert sum(1, 2) == 3"], {}, ["sum"], []),
    (["assert max(1, 2, key=len) == 3", "assert len(max(1, 2)) == 2"], {}, ["max"], []),
    (["assert f(g(1)) == 2 and h.x == 3"], {}, ["f", "g", "h"], []),
    (["assert f(root) == 1"], {"setup": ["root = Node(1)\nroot.left = Node(2)"]}, ["Node", "f"], ["Node"]),
    (["def check(candidate):\n    assert candidate(1) == 2"], {"entry_point": "f"}, ["f"], []),
    (["def check(candidate):\n    assert candidate(1) == 2\ncheck(f)"], {}, ["f"], []),
    (["def check(c):\n    assert poly([1], c(1))"], {"prefix": POLY, "entry_point": "find_zero"}, ["find_zero"], []),
    (["assert poly([1], find_zero([1])) == 0"], {"prefix": POLY}, ["find_zero"], []),
    (["def check(c):\n    assert c(1) == 2"], {"entry_point": "sum"}, ["sum"], []),
    (["from solution import f, C\nassert f(C()) == 2"], {}, ["f", "C"], []),
    (["import solution\nassert solution.f(1) == 2"], {}, [], []),
    (["assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)"], {}, ["Vector"], ["Vector"]),
    (["s = Stack()\ns.push(1)\nassert s.pop() == 1"], {}, ["Stack"], ["Stack"]),
    (["assert Solution().f(1) == 2"], {}, ["Solution"], ["Solution"]),
    (["assert Split('a b') == ['a', 'b']", "assert abs(Mean([1, 2]) - 1.5) < 1e-6"], {}, ["Split", "Mean"], []),
    (["assert Find_Max([1]) == 1 and isinstance(Find_Max([1]), int)"], {}, ["Find_Max"], []),
    (["assert f(1) == 2"], {"prefix": "class f:\n    def __init__(self, x):\n        pass\n"}, ["f"], ["f"]),
    (["for f in [g]:\n    assert f(1) == 2"], {}, ["g"], []),
    (["def helper(x):\n    return g(x)\nassert helper(1) == [h(y) for y in [2]]"], {}, ["g", "h"], []),
    (["try:\n    f(-1)\n    assert False\nexcept MyError as e:\n    assert e.code == 3"], {}, ["f", "MyError"], []),
]  # fmt: skip


@pytest.mark.parametrize(("tests", "more", "wanted", "classes"), WANTED)
def test_what_is_asked_of_the_program(tests: list[str], more: dict[str, Any], wanted: list[str], classes: Any) -> None:
    found = code.tests_of({"tests": tests, **more}).texts
    assert (sorted(found.wanted), found.classes) == (sorted(wanted), classes)


REFUSED = [  # tests, and what is said of them
    ([], "no tests"),
    ([3], "expected Python texts"),
    (["assert ("], "not Python"),
    (["assert True"], "test nothing"),
    (["assert True, 'f(1) == 2'", "assert 1"], "test nothing"),
    (["print(f(1))"], "test nothing"),
    (["f(1) == 2"], "test nothing"),
    (["def test_f():\n    pass"], "test nothing"),
    (["import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        f(1)"], "test nothing"),
    (["def check(candidate):\n    assert candidate(1) == 2"], "nothing calls it"),
    (["def test_f(tmp_path):\n    assert f(1) == 2"], "fixtures"),
    (["import no_such_package_at_all\nassert f(1) == 2"], "not installed"),
    (["class B(A):\n    pass\nassert B().f() == 2"], "derive B from the program's A"),
    (["assert f() == " + "+".join(["1"] * 5000)], "(not Python|too deeply)"),
]


@pytest.mark.parametrize(("tests", "said"), REFUSED)
def test_tests_that_test_nothing_are_refused(tests: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        code.tests_of({"tests": tests})


STRICT = [  # a test as it is written, and as it is run
    ("assert f(x) == sorted(x)", "assert f(_copied(x)) == sorted(x)"),
    ("assert f(x, y=x) == x", "assert f(_copied(x), y=x) == x"),
    ("assert s.f(x) == len(x)", "assert s.f(_copied(x)) == len(x)"),
    ("self.assertEqual(f(x), sorted(x))", "self.assertEqual(f(_copied(x)), sorted(x))"),
    ("assert f(x) == y", "assert f(x) == y"),
    ("assert f(x) is x", "assert f(x) is x"),
    ("assert f(x) is None and x == [1]", "assert f(x) is None and x == [1]"),
    ("assert sorted(x) == helper(x)", "assert sorted(x) == helper(x)"),
    ("assert f(x) == f(x)", "assert f(x) == f(x)"),
    ("with f(1) as y:\n    assert y == 2", "with _propagating(f(1)) as y:\n    assert y == 2"),
    ("with f(1) as y:\n    y.add(2)", "with f(1) as y:\n    y.add(2)"),
    ("with open(x) as y:\n    assert y == f(2)", "with open(x) as y:\n    assert y == f(2)"),
    ("assert f(1) == 2\nunittest.main()", "assert f(1) == 2"),
    ("if __name__ == '__main__':\n    assert f(1) == 2", "assert f(1) == 2"),
    ("assert f(1) == 2\nif __name__ == '__main__':\n    sys.exit(pytest.main())", "assert f(1) == 2"),
    ("assert eval(f(1)) == 2", "assert _in_program(eval, f(1)) == 2"),
    ("exec(f(1), names)", "_in_program(exec, f(1), names)"),
    ("assert pickle.loads(f(1)) == 2", "assert _in_program(pickle.loads, f(1)) == 2"),
    ("assert asdict(f(1)) == {}", "assert _where_it_is(asdict, f(1)) == {}"),
    ("assert fields(f(1)) == {}", "assert fields(f(1)) == {}"),
    ("assert eval('1 + 1') == f(1)", "assert eval('1 + 1') == f(1)"),
]


@pytest.mark.parametrize(("written", "run"), STRICT)
def test_what_a_program_could_use_is_taken_from_it(written: str, run: str) -> None:
    assert as_run(parse_python(written, "test"), {"sorted", "len", "open", "helper", "unittest", "asdict"}) == run


HEADERS = [  # a header, its entry point, what the tests may use of it, and what is to be written (True: a class)
    (POLY, "find_zero", "import math\n\ndef poly(xs, x):\n    return sum(xs) * x", {"find_zero": False}),
    (POLY, "", "import math\n\ndef poly(xs, x):\n    return sum(xs) * x", {"find_zero": False}),
    ("def f(x):\n    import math\n    '''Doc.'''\n", "", "", {"f": False}),
    ("N = 3\n\n\nclass A:\n    '''Doc.'''\n    def f(self):\n        ...\n", "", "N = 3", {"A": True}),
    ("class L:\n    x = 1", "Solution().f", "class L:\n    x = 1", {}),
    ("Write a function.", "", "", {}),
    ("", "f", "", {}),
]  # fmt: skip


@pytest.mark.parametrize(("header", "entry_point", "helpers", "open_ones"), HEADERS)
def test_what_the_tests_have_of_a_header(header: str, entry_point: str, helpers: str, open_ones: Any) -> None:
    assert helpers_in(header, entry_point) == (helpers, open_ones)
