"""Whether a kind's file fits its mechanism: options, stages that are asked, and names that its templates use.

All is checked when the file is read, before any call, against what the mechanism declares.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.base.settings import nearest
from hornbook.synthetic.kind import Kind
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompts import check_template, names_in

EVERYWHERE = ("seed", "source", "axes", "brief", "options")  # names that all templates see
OF_SEEDS = {name for seed in (Passage, Page, Question) for name in dir(seed) if not name.startswith("_")}


def check_kind(
    kind: Kind, mechanism: Mechanism, where: str, *, left_out: Collection[str] = (), spare: bool = False
) -> None:
    """Raises HornbookError with file and key for what does not fit.

    `left_out` are stages that a variant or a profile does without; prompts that are never asked may be `spare`.
    """
    _check_shapes(kind, mechanism, where)
    _check_record(kind, mechanism, where)
    case = case_of(kind, mechanism, where)
    for key, text, _ in templates(kind, mechanism, case):
        check_template(text, f"{where}: {key}")
    _check_options(kind, mechanism, case, where, left_out)
    _check_stages(kind, mechanism, case, where, spare)
    for key, text, sees in templates(kind, mechanism, case):
        _require_names(text, sees.split(), kind, f"{where}: {key}")


def case_of(kind: Kind, mechanism: Mechanism, where: str) -> str:
    """The mechanism's case that the file chooses; "" without cases."""
    place, _, key = mechanism.chosen_by.partition(".")
    if place == "prompts":
        return "yes" if key in kind.prompts else "no"
    chosen = getattr(kind.settings(), key) if place == "settings" else kind.options.get(key)
    case = str(chosen or "")
    if mechanism.cases and case not in mechanism.cases:
        known = [name for name in mechanism.cases if name]
        problem = f": {case}: not known{nearest(case, known)}" if case else f" is missing (known: {', '.join(known)})"
        raise HornbookError(f"{where}: {mechanism.chosen_by}{problem}")
    return case


def templates(kind: Kind, mechanism: Mechanism, case: str) -> Iterator[tuple[str, str, str]]:
    """(key, template, what it sees beside EVERYWHERE) of all templates of the file."""
    stages = mechanism.stages_of(case)
    yield "system", kind.system, ""
    for stage, prompt in ((stage, prompt) for stage, prompt in kind.prompts.items() if stage in stages):
        for text in (prompt.user, prompt.system or "", *(part for example in prompt.examples for part in example)):
            yield f"prompts.{stage}", text, stages[stage].sees
    for role, text in kind.record.items():
        sees = mechanism.record["user" if role == "system" else role]
        yield f"record.{role}", text, f"{sees} {stages['record'].sees}"
    for name, option in mechanism.options.items():
        if option.sees is not None and kind.options.get(name):
            for key, text in _texts(f"options.{name}", kind.options[name]):
                yield key, text, option.sees


def _texts(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """The texts of an option, with their keys."""
    if isinstance(value, Mapping):
        yield from ((f"{key}.{name}", text) for name, text in value.items() if text)
    else:
        yield from ((key, text) for text in ([value] if isinstance(value, str) else value))


def _check_shapes(kind: Kind, mechanism: Mechanism, where: str) -> None:
    for name, option in mechanism.options.items():
        try:
            msgspec.convert(kind.options.get(name), option.shape | None)
        except msgspec.ValidationError as error:
            raise HornbookError(f"{where}: options.{name}: expected {option.about} ({one_line(error)})") from None


def _check_options(kind: Kind, mechanism: Mechanism, case: str, where: str, left_out: Collection[str]) -> None:
    texts = [text for _, text, _ in templates(kind, mechanism, case)]
    used = {name for text in texts for name in names_in(text)}
    for name in kind.options:
        option = mechanism.options.get(name)
        if option is None and not {f"options.{name}", f"get {name}"} & used:
            known = nearest(name, list(mechanism.options))
            raise HornbookError(f"{where}: options.{name}: the mechanism has no such option{known}")
        if option and not _belongs(option, kind, mechanism, case) and option.of not in left_out:
            raise HornbookError(f"{where}: options.{name}: goes only with {_owner(option, mechanism)}")
    for name, option in mechanism.options.items():
        if option.needed and kind.options.get(name) is None and _belongs(option, kind, mechanism, case):
            raise HornbookError(f"{where}: options.{name} is missing: expected {option.about}")


def _belongs(option: Option, kind: Kind, mechanism: Mechanism, case: str) -> bool:
    return not option.of or option.of == case or option.of in kind.prompts


def _owner(option: Option, mechanism: Mechanism) -> str:
    return f"prompts.{option.of}" if option.of in mechanism.stages else f"{mechanism.chosen_by}: {option.of}"


def _check_stages(kind: Kind, mechanism: Mechanism, case: str, where: str, spare: bool) -> None:
    stages, most = mechanism.stages_of(case), mechanism.calls(kind.settings(), kind.prompts)
    for stage in mechanism.stages:
        one = stages.get(stage)
        before = one.after.split() if one else []
        asked = one and (not before or kind.prompts.keys() & set(before)) and most.get(stage, 1)
        if one and asked and one.needed and stage not in kind.prompts:
            raise HornbookError(f"{where}: prompts.{stage} is missing")
        if not asked and stage in kind.prompts and not spare:
            why = f"without prompts.{' or prompts.'.join(before)}" if before else "with these settings and options"
            raise HornbookError(f"{where}: prompts.{stage}: never asked {why}")


def _check_record(kind: Kind, mechanism: Mechanism, where: str) -> None:
    turns = [role for role in ("user", "assistant") if role in mechanism.record]
    wanted = ["text"] if "text" in kind.record else turns
    forms = [*(["text"] if "text" in mechanism.record else []), " and ".join(turns)]
    known = {*mechanism.record, "system"}
    if not set(wanted) <= kind.record.keys() <= known or not all(isinstance(one, str) for one in kind.record.values()):
        raise HornbookError(f"{where}: record: expected {', or '.join(forms)}, got {', '.join(kind.record)}")


def _require_names(text: str, own: list[str], kind: Kind, where: str) -> None:
    """Raises HornbookError for a name that nothing gives."""
    known = [*own, *EVERYWHERE]
    parts = {"axes": [*kind.axes], "options": [*kind.options], "seed": OF_SEEDS}
    for name in sorted(names_in(text)):
        whole, _, part = name.partition(".")
        if part and whole in parts and whole not in own:
            given = [*parts[whole], *([] if whole == "seed" else dir(dict))]
            if part not in given:
                shown = ", ".join(f"{whole}.{one}" for one in sorted(parts[whole]))
                raise HornbookError(f"{where}: no {name!r} here (known: {shown or 'none'})")
        elif not part and not name.startswith("get ") and name not in known:
            raise HornbookError(f"{where}: no {name!r} here (known: {', '.join(known)})")
