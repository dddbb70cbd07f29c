"""MathML → TeX. Presentation markup only; what has no counterpart gives its text."""

import re

from hornbook.data.extract.html_tree import Element

SYMBOLS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ϵ": r"\epsilon",
    "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ϑ": r"\vartheta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda",
    "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "π": r"\pi", "ϖ": r"\varpi", "ρ": r"\rho", "ϱ": r"\varrho",
    "σ": r"\sigma", "ς": r"\varsigma", "τ": r"\tau", "υ": r"\upsilon", "φ": r"\varphi", "ϕ": r"\phi", "χ": r"\chi",
    "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi",
    "Π": r"\Pi", "Σ": r"\Sigma", "Υ": r"\Upsilon", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
    "−": "-", "×": r"\times", "÷": r"\div", "±": r"\pm", "∓": r"\mp", "⋅": r"\cdot", "·": r"\cdot", "∗": "*",
    "∘": r"\circ", "⊕": r"\oplus", "⊗": r"\otimes", "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg", "∩": r"\cap",
    "∪": r"\cup", "∖": r"\setminus", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv",
    "∼": r"\sim", "≃": r"\simeq", "≅": r"\cong", "∝": r"\propto", "≪": r"\ll", "≫": r"\gg", "≺": r"\prec",
    "≻": r"\succ", "∈": r"\in", "∉": r"\notin", "∋": r"\ni", "⊂": r"\subset", "⊃": r"\supset", "⊆": r"\subseteq",
    "⊇": r"\supseteq", "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists", "∄": r"\nexists", "⊥": r"\perp",
    "⊢": r"\vdash", "⊨": r"\models", "∥": r"\parallel", "∣": r"\mid", "∠": r"\angle", "→": r"\to",
    "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "⇐": r"\Leftarrow", "⇔": r"\Leftrightarrow",
    "⟶": r"\longrightarrow", "⟹": r"\implies", "⟺": r"\iff", "↦": r"\mapsto", "↑": r"\uparrow",
    "↓": r"\downarrow", "∞": r"\infty", "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∏": r"\prod",
    "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint", "⋃": r"\bigcup", "⋂": r"\bigcap",
    "⨁": r"\bigoplus", "⨂": r"\bigotimes", "√": r"\surd", "…": r"\ldots", "⋯": r"\cdots", "⋮": r"\vdots",
    "⋱": r"\ddots", "′": "'", "″": "''", "ℏ": r"\hbar", "ℓ": r"\ell", "ℜ": r"\Re", "ℑ": r"\Im", "ℵ": r"\aleph",
    "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}",
    "⟨": r"\langle", "⟩": r"\rangle", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil",
    "‖": r"\|", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "_": r"\_",
    "∎": r"\blacksquare",
    "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u200b": "", "\xa0": " ",
}  # fmt: skip
FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "log",
    "ln", "lim", "limsup", "liminf", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "deg", "arg", "Pr", "hom"
})  # fmt: skip
ACCENTS = {
    "^": r"\hat", "ˆ": r"\hat", "̂": r"\hat", "~": r"\tilde", "˜": r"\tilde", "∼": r"\tilde", "¯": r"\bar",
    "‾": r"\overline", "̅": r"\overline", "_": r"\overline", "→": r"\vec", "⃗": r"\vec", "˙": r"\dot", "¨": r"\ddot",
    "⏞": r"\overbrace", "ˇ": r"\check", "˘": r"\breve",
}  # fmt: skip
BELOW = {"_": r"\underline", "¯": r"\underline", "‾": r"\underline", "⏟": r"\underbrace"}
LIMITS = frozenset({
    "\\sum", "\\prod", "\\coprod", "\\int", "\\iint", "\\iiint", "\\oint", "\\bigcup", "\\bigcap", "\\bigoplus",
    "\\bigotimes"
})  # fmt: skip
COMMAND_AT_END = re.compile(r"\\[A-Za-z]+$")
ALPHABETS = {
    "bold": r"\mathbf", "double-struck": r"\mathbb", "script": r"\mathcal", "fraktur": r"\mathfrak",
    "sans-serif": r"\mathsf", "monospace": r"\mathtt", "bold-italic": r"\boldsymbol",
}  # fmt: skip


def mathml_to_tex(math: Element) -> str:
    """TeX of a `<math>` element: its TeX annotation if it has one, then its `alttext`, else written from its markup."""
    for element in math.elements():
        if element.tag == "annotation" and "tex" in element.get("encoding").lower():
            return element.text().strip()
    return math.get("alttext").strip() or " ".join(_row(math).split())


def _row(element: Element) -> str:
    return _join([_tex(child) for child in element.children if isinstance(child, Element)]) or _symbols(_own(element))


def _own(element: Element) -> str:
    return "".join(child for child in element.children if isinstance(child, str)).strip()


def _tex(element: Element) -> str:
    tag = element.tag.rpartition(":")[2]
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        return _token(tag, element)
    if tag in ("annotation", "annotation-xml", "none", "mprescripts", "maligngroup", "malignmark"):
        return ""
    if tag == "mspace":
        return " "
    if tag in ("mtable", "mtr", "mtd", "mlabeledtr", "mfenced"):
        return _structure(tag, element)
    parts = [_tex(child) for child in element.children if isinstance(child, Element)]
    if tag == "msqrt":
        return rf"\sqrt{{{_join(parts)}}}"
    if tag in ("mfrac", "mroot", "msup", "msub", "mover", "munder") and len(parts) == 2:
        return _pair(tag, parts[0], parts[1], element)
    if tag in ("msubsup", "munderover") and len(parts) == 3:
        return _script(_script(_base(parts[0]), "_", parts[1]), "^", parts[2])
    if tag == "mmultiscripts" and parts:
        return _base(parts[0]) + "".join(f"{'_^'[place % 2]}{{{part}}}" for place, part in enumerate(parts[1:]) if part)
    return _join(parts) or _symbols(_own(element))


def _token(tag: str, element: Element) -> str:
    text = element.text().strip()
    if tag in ("mtext", "ms"):
        return rf"\text{{{text}}}" if text else ""
    if text in FUNCTIONS:
        return "\\" + text
    alphabet = ALPHABETS.get(element.get("mathvariant"))
    if tag == "mi" and len(text) > 1 and text.isalpha() and text.isascii():
        return rf"{alphabet or chr(92) + 'mathrm'}{{{text}}}"
    return f"{alphabet}{{{_symbols(text)}}}" if alphabet and text else _symbols(text)


def _symbols(text: str) -> str:
    return _join([SYMBOLS.get(letter, letter) for letter in text])


def _join(parts: list[str]) -> str:
    """The parts one after the other, with a space where a command's name would run into a letter."""
    joined: list[str] = []
    for part in filter(None, parts):
        if joined and part[0].isalpha() and COMMAND_AT_END.search(joined[-1]):
            joined.append(" ")
        joined.append(part)
    return "".join(joined)


def _pair(tag: str, first: str, second: str, element: Element) -> str:
    if tag == "mfrac":
        if element.get("linethickness").rstrip("ptexm% ") == "0":
            return rf"\binom{{{first}}}{{{second}}}"
        return rf"\frac{{{first}}}{{{second}}}"
    if tag == "mroot":
        return rf"\sqrt[{second}]{{{first}}}"
    mark = [child for child in element.children if isinstance(child, Element)][1].text().strip()
    if tag == "mover":
        if mark in ACCENTS:
            return f"{ACCENTS[mark]}{{{first}}}"
        return _script(first, "^", second) if _has_limits(first) else rf"\overset{{{second}}}{{{first}}}"
    if tag == "munder":
        if mark in BELOW:
            return f"{BELOW[mark]}{{{first}}}"
        return _script(first, "_", second) if _has_limits(first) else rf"\underset{{{second}}}{{{first}}}"
    return _script(_base(first), "^" if tag == "msup" else "_", second)


def _script(base: str, sign: str, script: str) -> str:
    if not script:
        return base
    if sign == "^" and script in ("'", "''", "'''"):
        return base + script
    return f"{base}{sign}{script}" if len(script) == 1 else f"{base}{sign}{{{script}}}"


def _base(tex: str) -> str:
    """A base of a script that TeX reads as one thing."""
    single = len(tex) <= 1 or tex.isdecimal() or (tex[0] == "\\" and (tex[1:].isalpha() or tex.endswith("}")))
    return tex if single or tex in ("\\|", "\\}", "\\{") else f"{{{tex}}}"


def _has_limits(tex: str) -> bool:
    return tex in LIMITS or tex[1:] in FUNCTIONS


def _structure(tag: str, element: Element) -> str:
    children = [child for child in element.children if isinstance(child, Element)]
    if tag == "mtable":
        rows = [_structure("mtr", row) for row in children]
        return r"\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}"
    if tag == "mfenced":
        separators = element.attributes.get("separators")
        parts = (", " if separators is None else separators).join(_tex(child) for child in children)
        begin, end = (element.attributes.get(side) for side in ("open", "close"))
        begin, end = "(" if begin is None else begin, ")" if end is None else end
        return rf"\left{_delimiter(begin)}{parts}\right{_delimiter(end)}"
    cells = children[1:] if tag == "mlabeledtr" else children
    return " & ".join(_row(cell) for cell in cells) if tag != "mtd" else _row(element)


def _delimiter(sign: str) -> str:
    tex = _symbols(sign) or "."
    return tex + " " if tex[-1:].isalpha() else tex
