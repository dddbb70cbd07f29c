"""Phrases that introduce an answer, in many languages, and phrases that close a reply."""

import re

_MARKS = r"[*_`\"“”'）)\s]*"
_COLON = rf"{_MARKS}(?:[:：=]|(?<=\s)[-–—](?=\s)){_MARKS}"
_TO = r"(?:\s+(?:to|for|of)\s[^.:\n]{1,80}?)?"  # "the answer to this question is"

# (noun, the words that may follow it, besides a colon)
_LANGUAGES = [
    (
        r"(?:answer|ans|final\s+(?:answer|result)|correct\s+(?:option|choice|answer))",
        rf"{_TO}\s+(?:is|are|was|would\s+be|should\s+be|must\s+be|equals)(?!\s+not\b)",
    ),
    (r"(?:option|choice|result|solution|total|value)", r"\s+(?:is|equals)(?!\s+not\b)"),
    (r"(?:最终|最后的?|正确)?的?(?:答案|結果|结果|選項|选项)", r"\s*(?:应该是|應該是|应为|是|为|為|選|选)"),
    (r"(?:最終的?な?)?(?:答え|解答|回答|正解|答)", r"\s*(?:は|が)"),
    (r"(?:정답|최종\s*답|답)", r"\s*(?:은|는)"),
    (r"(?:antwort|lösung|ergebnis|antwoord|svar(?:et)?)", r"\s+(?:ist|lautet|is|er|är)"),
    (r"(?:réponse|réponse\s+finale)", r"\s+(?:est|correcte\s+est)"),
    (r"(?:respuesta|respuesta\s+(?:final|correcta)|resultado)", r"\s+es"),
    (r"(?:resposta|resposta\s+(?:final|correta))", r"\s+é"),
    (r"(?:risposta|risposta\s+(?:finale|corretta))", r"\s+è"),
    (r"(?:правильный\s+|окончательный\s+)?ответ", r"\s*(?:[-–—]|это|равен)"),
    (r"(?:अंतिम\s+|सही\s+)?(?:उत्तर|जवाब)", r"\s+(?=\S)"),
    (r"(?:ال)?(?:إجابة|اجابة|جواب)(?:\s+(?:النهائية|الصحيحة|النهائي|الصحيح))?", r"\s+(?:هي|هو)"),
    (
        r"(?:উত্তর|సమాధానం|jibu|jawaban|cevap|odpowiedź|odpověď|đáp\s+án|câu\s+trả\s+lời|תשובה)",
        r"\s+(?:ni|adalah|to|je|là)",
    ),
    (r"คำตอบ", r"\s*(?:คือ|เป็น)"),
]
_STATEMENTS = "|".join(rf"(?:{word})(?:{_COLON}|(?:{verb})(?:{_COLON})?)" for word, verb in _LANGUAGES)
_ALONE = r"^[#>*_ \t]*(?:the\s+)?(?:final\s+)?answer[*_ \t]*$"  # a heading on a line of its own

# What comes before an answer. `####` is GSM8K's.
STATED = re.compile(rf"####[ \t]*|{_ALONE}|(?<![^\W\d_])(?:{_STATEMENTS})[ \t*_]*", re.IGNORECASE | re.MULTILINE)

# A heading of something other than the answer.
HEADING = re.compile(r"\s*[*_#]*\s*(?:explanation|reasoning|solution|steps?|note|because)\b\s*[*_]*\s*:", re.IGNORECASE)

CLOSINGS = re.compile(
    r"(?:please\s+)?(?:let me know|feel free|i hope|hope (?:this|that)|if you (?:have|need|want|would)"
    r"|is there anything|would you like|do you want|happy to|thank you|thanks|good luck|great question"
    r"|don't hesitate|do not hesitate"
    r"|(?:melde dich|lass mich wissen|ich hoffe|n'hésitez|j'espère|espero|si necesitas|se precisar|надеюсь|если у вас"
    r"|希望|如果您|如果你|お役に|ご不明))",
    re.IGNORECASE,
)
