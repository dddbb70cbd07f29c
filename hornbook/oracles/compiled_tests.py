"""Run programs in languages other than Python against tests in the same language.

The tests run in one process with the program. At its start, that process reads a random word from its standard input
and closes it; after the last test it prints the word. The tests have passed only if the word is printed, so a program
that exits early or prints anything else fails. The word is not accessible by the language's ordinary means; a program
in C, C++, Rust or Go that searches its own memory can find it.
"""

import re
import secrets
from collections.abc import Callable, Sequence

from hornbook.oracles.compiled import compiled
from hornbook.oracles.compiled_text import closing_brace, code_only, join_program, rename_matches
from hornbook.oracles.languages import LANGUAGES
from hornbook.sandbox.process import ProcessLimits, ProcessOutcome

_PUBLIC = re.compile(r"\bpublic\s+(?=(?:final\s+|abstract\s+)*(?:class|interface|enum|record)\b)")  # names its file
_MAIN_C = r"\b(main)\s*\("
_PRELUDE = "#include <bits/stdc++.h>\nusing namespace std;\n"
_C_PROOF = """
#include <unistd.h>
int main(void) {
    char hornbook_word[64];
    long hornbook_length = read(0, hornbook_word, 64);
    close(0);
    if (hornbook_tests() != 0) return 1;
    fflush(stdout);
    return write(1, hornbook_word, hornbook_length) != hornbook_length;
}
"""
_JAVA_PROOF = """
class {proof} {{
    public static void main(String[] arguments) throws Throwable {{
        byte[] word = System.in.readAllBytes();
        System.in.close();
        java.io.FileOutputStream output = new java.io.FileOutputStream(java.io.FileDescriptor.out);
        {tests}.main(new String[0]);
        System.out.flush();
        output.write(word);
    }}
}}
"""
_JS_PROOF = """\
(function () {
  const fs = require("fs"), vm = require("vm"), assert = require("assert");
  const write = fs.writeSync, buffer = fs.readFileSync(0);
  fs.closeSync(0);
  console.assert = (value, ...message) => assert.ok(value, message.join(" ") || "console.assert");
  for (const one of [assert, assert.strict, console]) Object.freeze(one);
  const source = fs.readFileSync("/build/program.js", "utf8");
  const load = vm.runInThisContext(
    "(function (exports, require, module, __filename, __dirname) {" + source + "\\n})", { filename: "program.js" });
  const module = { exports: {} };
  const result = load(module.exports, require, module, "program.js", "/build");
  Promise.resolve(result).then(() => setImmediate(() => write(1, buffer)));
})();
"""
_GO_PROOF = """\
package {proof}

import (
	"io"
	"os"
)

var word []byte

func init() {{
	word, _ = io.ReadAll(os.Stdin)
	os.Stdin.Close()
}}

func Done() {{
	os.Stdout.Write(word)
}}
"""
_GO_BUILTINS = "panic|true|false|nil|recover|len|append|error|string|int|bool|float64"
_GO_PACKAGES = {
    name.rpartition("/")[2]: name
    for name in ("fmt", "math", "sort", "strings", "strconv", "errors", "testing", "reflect", "bytes", "unicode",
                 "time", "math/rand", "math/big", "math/bits", "regexp", "os", "bufio", "container/heap",
                 "container/list",
                 "sync", "crypto/md5", "encoding/hex", "encoding/json", "unicode/utf8")
}  # fmt: skip


def failed_tests(language: str, prefix: str, code: str, tests: str, limits: ProcessLimits) -> str:
    """Why a program fails the tests; "" when it passes them.

    Raises HornbookError where there is no sandbox or no compiler, ValueError for tests of no known form.
    """
    word = secrets.token_hex(24)
    program, tests = join_program(prefix, code, tests, language)
    reason = _tampers(program, language)
    if reason:
        return reason
    first = ""
    for files, main in _ways(program, tests, language):
        with compiled(language, files, main) as ready:
            if isinstance(ready, str):
                first = first or ready
                continue
            outcome = ready.run(word, limits)
            return "" if outcome.exit_code == 0 and word in outcome.stdout else how_ended(outcome, limits)
    return first


def failed_case(
    language: str,
    prefix: str,
    code: str,
    cases: Sequence[tuple[str, str]],
    limits: ProcessLimits,
    same: Callable[[str, str], bool],
) -> str:
    """Which of the cases (input, output) a program fails first, and why; "" when it passes them all.

    `same` compares the printed and the expected output. Raises as `failed_tests`.
    """
    program = join_program(prefix, code, "", language).program
    with compiled(language, *_alone(program, language)) as ready:
        if isinstance(ready, str):
            return ready
        for number, (given, wanted) in enumerate(cases, 1):
            outcome = ready.run(given.replace("\r\n", "\n"), limits)
            name = f"case {number} of {len(cases)}"
            if outcome.exit_code:
                return f"{name}: {how_ended(outcome, limits)}"
            if not same(outcome.stdout, wanted):
                printed, expected = (" / ".join(text.strip().split("\n"))[:80] for text in (outcome.stdout, wanted))
                return f"{name}: printed {printed!r}, expected {expected!r}"
    return ""


def _alone(program: str, language: str) -> tuple[dict[str, str], str]:
    """The files of a program without tests, and the name of its main class or file."""
    source = LANGUAGES[language].source
    if language == "java":
        plain = code_only(program, "java")
        main = re.search(r"\bstatic\s+void\s+main\s*\(", plain)
        classes = re.findall(r"\bclass\s+(\w+)", plain[: main.start()] if main else plain)
        program = _PUBLIC.sub("", program)
        return {source: program}, _main_class(plain, main.start()) if main else (classes or ["Main"])[0]
    return {source: program}, "program.js" if language == "javascript" else "program"


def _main_class(plain: str, place: int) -> str:
    """The class around a place in a text from `code_only`: the last one opened before it and not closed."""
    found = list(re.finditer(r"\b(?:class|record|enum|interface)\s+(\w+)", plain[:place]))
    around = [match[1] for match in found if closing_brace(plain, match.end()) > place]
    return around[0] if around else "Main"


def how_ended(outcome: ProcessOutcome, limits: ProcessLimits) -> str:
    """Why a run failed, in words."""
    if outcome.reason == "timeout":
        return f"not finished within {limits.seconds:g} s"
    if outcome.reason == "output":
        return f"more than {limits.file_mb} MB of output"
    said = [line.strip() for line in outcome.stderr.split("\n") if line.strip() and not line.startswith("node:")]
    short = [line for line in said if re.search(r"rror|panic|xception|ssert|terminate|FAIL|bad_alloc|fatal", line)]
    if re.search(r"OutOfMemory|bad_alloc|out of memory|memory allocation|heap limit", outcome.stderr):
        return f"more than {limits.memory_mb} MB of memory"
    if said:
        return (short or said)[0][:200]
    if outcome.reason == "killed":
        return f"killed by signal {outcome.exit_code - 128}"
    return f"exit code {outcome.exit_code}" if outcome.exit_code else "the program ended before its tests did"


def _tampers(program: str, language: str) -> str:
    """Why a program is refused: it redefines builtins or macros that tests use. "" if it does not."""
    plain = code_only(program, language)
    if language == "rust" and (found := re.search(r"macro_rules\s*!\s*(?:r#)?(assert\w*|panic|matches|vec)\b", plain)):
        return f"defines {found[1]}! again"
    if language == "go":
        found = re.search(rf"^(?:func|var|const|type)\s+(?:\(\s*)?({_GO_BUILTINS})\b", plain, re.MULTILINE)
        found = found or re.search(rf"^(?:var|const|type)\s*\([^)]*?^\s*({_GO_BUILTINS})\b", plain, re.MULTILINE)
        return f"defines {found[1]} again" if found else ""
    return ""


def _ways(program: str, tests: str, language: str) -> list[tuple[dict[str, str], str]]:
    """(files to compile, name of what is run), in several variants: a C++ program may lack the usual includes."""
    if language in ("cpp", "c"):
        whole = _c(program, tests, language)
        prelude = [{"program.cpp": _PRELUDE + whole}] if language == "cpp" else []
        source = f"program.{language}"
        return [(files, "program") for files in ({source: whole}, *prelude)]
    make = {"java": _java, "javascript": _javascript, "go": _go, "rust": _rust}[language]
    return [make(program, tests)]


def _c(program: str, tests: str, language: str) -> str:
    program = rename_matches(program, language, _MAIN_C, "hornbook_program_main")
    plain = code_only(tests, language)
    main = re.search(_MAIN_C, plain)
    end = closing_brace(plain, main.end()) if main else -1
    if main is None or end < 0:
        raise ValueError("tests: expected a main function")
    tests = f"{tests[: main.start(1)]}hornbook_tests{tests[main.end(1) : end]}\n    return 0;\n{tests[end:]}"
    joint = re.sub(r"\\\s*\n", "", program)
    macros = set(re.findall(r"^\s*(?:#|%:)\s*define\s+(\w+)", joint, re.MULTILINE))
    undone = "".join(f"#undef {name}\n" for name in sorted(macros & set(re.findall(r"\w+", tests + _C_PROOF))))
    header = (
        "#include <cassert>\n#include <cstdio>\n" if language == "cpp" else "#include <assert.h>\n#include <stdio.h>\n"
    )
    return f"{program}\n{undone}#undef NDEBUG\n{header}{tests}\n{_C_PROOF}"


def _java(program: str, tests: str) -> tuple[dict[str, str], str]:
    whole = f"{program}\n{tests}"
    plain = code_only(whole, "java")
    imports = dict.fromkeys(re.findall(r"^\s*(import\s+[\w.*\s]+;)", plain, re.MULTILINE))
    whole = re.sub(r"^\s*(?:import\s+[\w.*\s]+;|package\s+[\w.]+;)", "", whole, flags=re.MULTILINE)
    whole = _PUBLIC.sub("", whole)
    plain = code_only(whole, "java")
    mains = [match.start() for match in re.finditer(r"\bstatic\s+void\s+main\s*\(", plain)]
    classes = re.findall(r"\bclass\s+(\w+)", plain[: mains[-1]]) if mains else []
    if not classes:
        raise ValueError("tests: expected a class with a main method")
    proof = f"Hornbook{secrets.token_hex(8)}"
    standard = ["import java.util.*;", "import java.util.function.*;", "import java.util.stream.*;"]
    text = "\n".join([*standard, *imports, whole, _JAVA_PROOF.format(proof=proof, tests=classes[-1])])
    return {"Program.java": text}, proof


def _javascript(program: str, tests: str) -> tuple[dict[str, str], str]:
    return {"program.js": f"{program}\n;\n{tests}\n", "run.js": _JS_PROOF}, "run.js"


def _go(program: str, tests: str) -> tuple[dict[str, str], str]:
    program = rename_matches(program, "go", r"\bfunc\s+(main)\s*\(\s*\)", "hornbookProgramMain")
    tests = rename_matches(tests, "go", r"\bfunc\s+(main)\s*\(\s*\)", "hornbookTests")
    paths: list[str] = []
    parts = []
    for text in (program, tests):
        plain = code_only(text, "go")
        spans = [match.span() for match in re.finditer(r"^import\s*(?:\([^)]*\)|[^\n]*)", plain, re.MULTILINE)]
        spans += [match.span() for match in re.finditer(r"^package\s+\w+", plain, re.MULTILINE)]
        for start, end in sorted(spans, reverse=True):
            paths += re.findall(r"\"([\w./-]+)\"", text[start:end])
            text = text[:start] + text[end:]
        parts.append(text.replace("t.Parallel()", ""))
    body = "\n".join(parts)
    known = {**_GO_PACKAGES, **{path.rpartition("/")[2]: path for path in paths}}
    used = [path for name, path in known.items() if re.search(rf"\b{re.escape(name)}\.\w", code_only(body, "go"))]
    proof = f"p{secrets.token_hex(8)}"
    functions = re.findall(r"\bfunc\s+(Test\w*)\s*\(\s*\w+\s+\*testing\.T\s*\)", code_only(parts[1], "go"))
    if functions:
        each = "func(t *testing.T) {{ {0}(t); if !t.Failed() {{ passed++ }} }}"
        listed = "".join(f'{{Name: "{name}", F: {each.format(name)}}}, ' for name in functions)
        last = f'{{Name: "Last", F: func(t *testing.T) {{ if passed == {len(functions)} {{ {proof}.Done() }} }}}}'
        matches = "func(string, string) (bool, error) { return true, nil }"
        run = f"passed := 0\n\ttesting.Main({matches}, []testing.InternalTest{{{listed}{last}}}, nil, nil)"
        used = list(dict.fromkeys([*used, "testing"]))
    elif "hornbookTests" in tests:
        run = f"hornbookTests()\n\t{proof}.Done()"
    else:
        raise ValueError("tests: expected func main or func Test…(t *testing.T)")
    imports = "".join(f'import "{path}"\n' for path in [*used, proof])
    text = f"package main\n\n{imports}\n{body}\n\nfunc main() {{\n\t{run}\n}}\n"
    return {"program.go": text, f"src/{proof}/{proof}.go": _GO_PROOF.format(proof=proof)}, "program"


def _rust(program: str, tests: str) -> tuple[dict[str, str], str]:
    program = rename_matches(program, "rust", r"\bfn\s+(main)\s*\(", "hornbook_program_main")
    tests = rename_matches(tests, "rust", r"\bfn\s+(main)\s*\(", "hornbook_tests")
    plain = code_only(tests, "rust")
    module = re.search(r"#\[cfg\(test\)\]\s*mod\s+(\w+)", plain)
    names = re.findall(r"#\[test\]\s*(?:pub\s+)?fn\s+(\w+)", plain)
    calls = [f"{module[1]}::{name}();" if module else f"{name}();" for name in names]
    if not calls and "hornbook_tests" in plain:
        calls = ["hornbook_tests();"]
    if not calls:
        raise ValueError("tests: expected fn main or functions marked #[test]")
    tests = re.sub(r"#\[cfg\(test\)\]", "", re.sub(r"#\[test\]\s*(?:pub\s+)?fn\b", "pub fn", tests))
    proof = f"""
fn main() {{
    let mut word = Vec::new();
    std::io::Read::read_to_end(&mut std::io::stdin(), &mut word).unwrap();
    {" ".join(calls)}
    std::io::Write::write_all(&mut std::io::stdout(), &word).unwrap();
}}
"""
    # A macro applies to the lines below it, so the program comes below the tests.
    inner = re.findall(r"^\s*#!\[[^\]]*\]", program, re.MULTILINE)
    program = re.sub(r"^\s*#!\[[^\]]*\]", "", program, flags=re.MULTILINE)
    return {"program.rs": "\n".join([*inner, tests, proof, program])}, "program"
