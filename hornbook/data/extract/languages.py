"""Programming languages by the names of files, and by the first line of scripts."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_SUFFIXES = {
    "python": "py pyi pyx pxd", "javascript": "js mjs cjs jsx", "typescript": "ts tsx mts cts", "c": "c h",
    "c++": "cc cpp cxx c++ hh hpp hxx inl ipp", "cuda": "cu cuh", "java": "java", "go": "go", "rust": "rs",
    "ruby": "rb rake gemspec", "php": "php phtml", "c#": "cs", "swift": "swift", "kotlin": "kt kts",
    "scala": "scala sc", "bash": "sh bash zsh ksh", "fish": "fish", "powershell": "ps1 psm1", "batch": "bat cmd",
    "sql": "sql", "r": "r", "julia": "jl", "lua": "lua", "haskell": "hs lhs", "perl": "pl pm", "dart": "dart",
    "elixir": "ex exs", "erlang": "erl hrl", "clojure": "clj cljs cljc", "elm": "elm", "ocaml": "ml mli",
    "f#": "fs fsi fsx", "visual basic": "vb", "pascal": "pas", "fortran": "f f77 f90 f95 f03 f08 for",
    "objective-c": "m mm", "nim": "nim", "zig": "zig", "d": "d", "ada": "adb ads", "cobol": "cob cbl",
    "assembly": "asm s", "tcl": "tcl", "emacs lisp": "el", "common lisp": "lisp cl", "scheme": "scm ss",
    "racket": "rkt", "verilog": "v sv svh", "vhdl": "vhd vhdl", "solidity": "sol", "groovy": "groovy",
    "gradle": "gradle", "cmake": "cmake", "make": "mk mak", "vue": "vue", "svelte": "svelte", "css": "css",
    "scss": "scss sass less", "protobuf": "proto", "thrift": "thrift", "graphql": "graphql gql", "terraform": "tf",
    "awk": "awk", "coffeescript": "coffee", "crystal": "cr", "vala": "vala", "haxe": "hx", "lean": "lean",
    "agda": "agda", "yacc": "y", "lex": "l", "glsl": "glsl vert frag", "wgsl": "wgsl", "jinja": "jinja j2",
}  # fmt: skip
BY_SUFFIX = {f".{suffix}": language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
BY_NAME = {
    "makefile": "make", "gnumakefile": "make", "dockerfile": "dockerfile", "containerfile": "dockerfile",
    "cmakelists.txt": "cmake", "rakefile": "ruby", "gemfile": "ruby", "vagrantfile": "ruby", "jenkinsfile": "groovy",
    "sconstruct": "python", "sconscript": "python", "build.bazel": "starlark", "meson.build": "meson",
    "justfile": "just", "configure.ac": "autoconf",
}  # fmt: skip
INTERPRETERS = {
    "python": "python", "bash": "bash", "sh": "bash", "zsh": "bash", "ksh": "bash", "dash": "bash", "perl": "perl",
    "node": "javascript", "deno": "typescript", "ruby": "ruby", "php": "php", "Rscript": "r", "lua": "lua",
    "awk": "awk", "gawk": "awk", "tclsh": "tcl", "fish": "fish", "make": "make", "julia": "julia",
}  # fmt: skip
SHEBANG = re.compile(rb"#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(?:-\S+[ \t]+)*(\S+))?")
OBJECTIVE_C = re.compile(rb"^\s*(@interface|@implementation|@import|#import|#include|//|/\*)", re.M)


def file_name(name: str) -> str:
    """The last part of a path, of ARCHIVE!PATH or of an address without its query."""
    path = urlsplit(name).path if "://" in name else name
    return re.split(r"[/!]", path)[-1] or path


def language_of(name: str, head: bytes = b"") -> str:
    """The programming language of a file that begins with `head`; "" if it is not code. `name` is as in `file_name`."""
    path = PurePosixPath(file_name(name))
    suffix = path.suffix.lower()
    language = BY_NAME.get(path.name.lower()) or BY_SUFFIX.get(suffix, "")
    if language == "objective-c" and head and not OBJECTIVE_C.search(head):
        return "matlab"
    if language == "typescript" and head.lstrip().startswith(b"<?xml"):
        return ""  # Qt's translations have the same suffix
    return language or ("" if suffix else _interpreter(head))


def _interpreter(head: bytes) -> str:
    found = SHEBANG.match(head)
    if not found:
        return ""
    program = found[1].rpartition(b"/")[2]
    if program == b"env":
        program = (found[2] or b"").rpartition(b"/")[2]
    name = program.decode("ascii", "replace")
    return INTERPRETERS.get(name) or INTERPRETERS.get(name.rstrip("0123456789."), "")
