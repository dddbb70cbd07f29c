# ruff: noqa: E501
"""Programs in C++, C, Java, JavaScript, Go and Rust: against tests in their language, and on standard input."""

import shutil

import pytest

from hornbook.base.errors import HornbookError
from hornbook.oracles import languages
from hornbook.oracles.compiled_tests import failed_tests
from hornbook.sandbox.process import ProcessLimits

LIMITS = ProcessLimits(5, 512)

HEADERS = {
    "cpp": "#include<vector>\nusing namespace std;\n// Adds up.\nint total(vector<int> a) {\n",
    "c": "#include <stddef.h>\n/* Adds up. */\nint total(const int *a, int n) {\n",
    "java": "import java.util.*;\n\nclass Problem {\n    // Adds up.\n    public static long total(List<Integer> a) {\n",
    "javascript": "// Adds up.\nfunction total(a){\n",
    "go": 'package total_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n// Adds up.\nfunc total(a []int) int {\n',
    "rust": "/// Adds up.\nfn total(a: Vec<i32>) -> i32 {\n",
}
TESTS = {
    "cpp": "}\nint main() {\n    auto candidate = total;\n    assert(candidate({1, 2, 3}) == (6));\n"
    "    assert(candidate({}) == (0));\n}\n",
    "c": "int main() {\n    int a[] = {1, 2, 3};\n    assert(total(a, 3) == 6);\n    assert(total(a, 0) == 0);\n"
    "    return 0;\n}\n",
    "java": "    }\n    public static void main(String[] args) {\n    assert(total(List.of(1, 2, 3)) == 6l);\n"
    "    assert(total(List.of()) == 0l);\n    }\n\n}\n",
    "javascript": "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = total;\n"
    "  assert.deepEqual(candidate([1, 2, 3]),6);\n  assert.deepEqual(candidate([]),0);\n}\n\ntest();",
    "go": "func TestTotal(t *testing.T) {\n  candidate := total\n\ttype test struct {\n\t\tactual   interface{}\n"
    "\t\texpected interface{}\n\t}\n   tests := []test{\n     { actual: candidate([]int{1, 2, 3}), expected: 6 },\n"
    "     { actual: candidate([]int{}), expected: 0 },\n   }\n\tfor i, tc := range tests {\n"
    "\t\tt.Run(fmt.Sprintf(\"test num %d\", i), func(t *testing.T) {\n"
    "\t\t\tif fmt.Sprintf(\"%v\", tc.actual) != fmt.Sprintf(\"%v\", tc.expected) {\n"
    "\t\t\t\tt.Errorf(\"expected '%s', got '%s'\", tc.expected, tc.actual)\n\t\t\t}\n\t\t})\n\t}\n}\n",
    "rust": "}\n\nfn main() {\n    let candidate = total;\n    assert_eq!(candidate(vec![1, 2, 3]), 6);\n"
    "    assert_eq!(candidate(Vec::<i32>::new()), 0);\n}\n",
}  # fmt: skip
BODIES = {
    "cpp": "    int s = 0;\n    for (int x : a) s += x;\n    return s;\n",
    "c": "    int s = 0;\n    for (int i = 0; i < n; i++) s += a[i];\n    return s;\n}\n",
    "java": "        long s = 0;\n        for (int x : a) { s += x; }\n        return s;\n",
    "javascript": "  let s = 0;\n  for (const x of a) s += x;\n  return s;\n}\n",
    "go": "    s := 0\n    for _, x := range a {\n        s += x\n    }\n    return s\n}\n",
    "rust": "    a.iter().sum()\n",
}
WHOLE = {
    "cpp": ["#include <vector>\n#include <numeric>\nint total(std::vector<int> a) {\n"
            "    return std::accumulate(a.begin(), a.end(), 0);\n}\n\nint main() { return total({1}) - 1; }\n",
            "#define MOD 7\nint add(int x, int y) { return x + y; }\nint total(vector<int> a) {\n    int s = 0; // }\n"
            "    for (auto x : a) s = add(s, x);\n    return s;\n}"],
    "c": ["#include <stdio.h>\nint total(const int *a, int n) {\n    int s = 0;\n    while (n--) s += a[n];\n    return s;\n}\n"
          "int main(void) { printf(\"%d\\n\", 3); }\n"],
    "java": ["import java.util.List;\n\npublic class Problem {\n    public static long total(List<Integer> a) {\n"
             "        return a.stream().mapToLong(x -> x).sum();\n    }\n}\n",
             "public static long total(List<Integer> a) {\n    long s = 0;\n    for (int x : a) s += x;\n    return s;\n}\n"],
    "javascript": ["function total(a) {\n  return a.reduce((x, y) => x + y, 0);\n}\n\nconsole.log(total([1]));\n",
                   "const total = (a) => a.reduce((x, y) => x + y, 0);\nmodule.exports = { total };\n"],
    "go": ['package main\n\nimport (\n\t"fmt"\n\t"sort"\n)\n\nfunc total(a []int) int {\n\tsort.Ints(a)\n\ts := 0\n'
           "\tfor _, x := range a {\n\t\ts += x\n\t}\n\treturn s\n}\n\nfunc main() {\n\tfmt.Println(total([]int{1}))\n}\n"],
    "rust": ["use std::collections::HashMap;\n\nfn total(a: Vec<i32>) -> i32 {\n    let _m: HashMap<i32, i32> = HashMap::new();\n"
             "    a.iter().sum()\n}\n\nfn main() {\n    println!(\"{}\", total(vec![1]));\n}\n"],
}  # fmt: skip
WRONG = {  # what a wrong program does, and part of the reason
    "cpp": [
        ("    return 6;\n", "ssert"),
        ("    return\n", ""),
        ("    exit(0);\n", "ended before"),
        ("    for (;;) {}\n", "not finished"),
        ("    int *p = 0; return *p;\n", ""),
        ('    return 0; }\nstruct A { A() { printf("6"); _exit(0); } } it;\nint other() {\n', ""),
        ("    return 0; }\n#define assert(x)\nint other() {\n", "ssert"),
        ("    vector<vector<char>> v; for (;;) v.emplace_back(1 << 24, 'x');\n", "memory"),
    ],
    "c": [
        ("    return 6;\n}\n", "ssert"),
        ("    return x;\n}\n", "does not compile: program.c"),
        ("    exit(0);\n}\n#define assert(x)\n", "ended before"),
    ],
    "java": [
        ("        return 6;\n", "AssertionError"),
        ('        return "6";\n', "does not compile: Program.java"),
        ("        System.exit(0); return 6;\n", "ended before"),
        ("        Runtime.getRuntime().halt(0); return 6;\n", "ended before"),
        ("        while (a != null) { } return 6;\n", "not finished"),
        ('        throw new IllegalStateException("no");\n', "IllegalStateException"),
        ("        List<long[]> v = new ArrayList<>(); while (true) v.add(new long[1 << 20]);\n", "memory"),
    ],
    "javascript": [
        ("  return 6;\n}\n", "AssertionError"),
        ("  return 6 7;\n}\n", "does not compile"),
        ("  process.exit(0);\n}\n", "ended before"),
        ("  for (;;);\n}\n", "not finished"),
        ("  return x;\n}\n", "ReferenceError"),
        ("  return 6;\n}\nrequire('assert').deepEqual = () => {};\n", ""),
        ("  return 6;\n}\nprocess.on('exit', () => console.log('passed'));\nprocess.exit(0)\n", "ended before"),
        ("  const v = []; for (;;) v.push(new Array(1e5).fill(1.5));\n}\n", "memory"),
    ],
    "go": [
        ("    return 6\n}\n", ""),
        ('    return "6"\n}\n', "does not compile: "),
        ("    os.Exit(0)\n    return 6\n}\n", "ended before"),
        ("    for {}\n}\n", "not finished"),
        ("    return 6\n}\nfunc init() { fmt.Println(6); os.Exit(0) }\n", "ended before"),
        ("    return a[7]\n}\n", "panic"),
    ],
    "rust": [
        ("    6\n", "panicked"),
        ('    "6"\n', "does not compile: error"),
        ("    std::process::exit(0)\n", "ended before"),
        ("    loop {}\n", "not finished"),
        ("    6 }\nmacro_rules! assert_eq { ($($x:tt)*) => {} }\nfn other() {\n", "assert_eq"),
        ("    a[7]\n", "panicked"),
        ("    let mut v = vec![vec![a[0]]]; loop { v.push(vec![7; 1 << 22]); }\n", ""),
    ],
}


@pytest.fixture(autouse=True)
def compilers(request):
    name = getattr(request.node, "callspec", None)
    name = name.params.get("language") if name else None
    if name:
        missing = [need for need in languages.LANGUAGES[name].needs if not shutil.which(need)]
        if missing:
            pytest.skip(f"{missing[0]} is not installed (Debian: {languages.LANGUAGES[name].package})")


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_body_that_goes_on_from_the_header_passes(language):
    assert failed_tests(language, HEADERS[language], BODIES[language], TESTS[language], LIMITS) == ""


@pytest.mark.parametrize(("language", "program"), [(name, text) for name in WHOLE for text in WHOLE[name]])
def test_the_function_written_again_passes(language, program):
    assert failed_tests(language, HEADERS[language], program, TESTS[language], LIMITS) == ""


@pytest.mark.parametrize(("language", "body", "reason"), [(name, *case) for name in WRONG for case in WRONG[name]])
def test_wrong_programs_fail_with_a_reason(language, body, reason):
    said = failed_tests(
        language,
        HEADERS[language],
        body,
        TESTS[language],
        LIMITS._replace(seconds=2 if reason == "not finished" else 8, memory_mb=256),
    )
    assert said and reason in said


def test_a_missing_compiler_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HornbookError, match=r"Go: go is not installed.* golang-go"):
        languages.toolchain("go")
