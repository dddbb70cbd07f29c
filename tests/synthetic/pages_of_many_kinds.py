"""Pages for tests of cutting: (name, text, possible kinds of information). The name begins with the language.

A page is under 400 tokens and has several sentences; add one where a subject, script or form is missing.
"""

MIXED = """
Solving a quadratic equation
----------------------------

A quadratic equation has the form below, where the first coefficient is not zero:

$$
ax^2 + bx + c = 0
$$

The discriminant decides how many real roots there are:

| discriminant | roots |
| --- | --- |
| positive | 2 |
| zero | 1 |

Two things are worth remembering:

- a product is zero only if a factor is;
- a square is never negative,
  so its sum with a positive number is not zero.

A program computes the larger root in one line:

```python
def root(a, b, c):

    return (-b + (b * b - 4 * a * c) ** 0.5) / (2 * a)
```
"""

PAGES = [
    (
        "en history",
        "The Berlin blockade began on 24 June 1948, when the Soviet Union closed the roads, railways and canals to "
        "the western sectors. About two million people were cut off. General Lucius Clay ordered supplies to be "
        "flown in. The blockade was lifted on 12 May 1949, but the flights went on until 30 September 1949.",
        "history",
    ),
    (
        "en biography",
        "Ada Lovelace (10 December 1815 – 27 November 1852) was an English mathematician. She wrote the first "
        "program for Babbage's engine, and she saw that such a machine might do more than calculate. After her death "
        "in 1852 her notes were forgotten for a century.",
        "biography",
    ),
    (
        "en chemistry",
        "When zinc meets hydrochloric acid, hydrogen escapes:\n\nZn + 2 HCl → ZnCl₂ + H₂\n\nThe zinc atoms give "
        "up two electrons each (Zn → Zn²⁺ + 2 e⁻), and the hydrogen ions take them (2 H⁺ + 2 e⁻ → H₂). The "
        "enthalpy of the reaction is ΔH = −153 kJ/mol. The solution becomes warm.",
        "formulas",
    ),
    (
        "en wrapped",
        "The tide follows the moon, because its pull is\nstronger on the near side of the earth than on the "
        "far\nside. Therefore there are two tides in a day. The sun\nhelps or hinders it; hence spring and neap "
        "tides.\n\nHarbours print tables of the tides. A pilot reads\nthem before he enters a river.",
        "explanation",
    ),
    (
        "de",
        "Die Photosynthese ist ein Vorgang, bei dem Pflanzen aus Licht, Wasser und Kohlendioxid Zucker herstellen. "
        "Am 24. Juni 1779 zeigte Jan Ingenhousz, dass sie dabei Licht brauchen. Weil das Chlorophyll vor allem rotes "
        "und blaues Licht aufnimmt, erscheinen Blätter grün. Ohne sie gäbe es z. B. keinen Sauerstoff in der Luft.",
        "definition explanation example",
    ),
    (
        "fr",
        "Marie Curie, née le 7 novembre 1867 à Varsovie et morte le 4 juillet 1934, est une physicienne et chimiste. "
        "Elle découvre avec son mari le polonium et le radium. Elle est la première femme à recevoir le prix Nobel, "
        "en 1903. Son second prix, en 1911, récompense ses travaux de chimie.",
        "biography",
    ),
    (
        "ja",
        "光合成とは、植物が光のエネルギーを使って水と二酸化炭素から糖を作る反応である。葉緑体の中で行われる。葉が緑色に見えるのは、葉緑素が赤い光と青い光を吸収するためである。"
        "この反応によって酸素が放出される。「植物は空気をきれいにする。」と言われるのはそのためだ。夜には光がないので、光合成は行われない。",
        "definition explanation",
    ),
    (
        "zh",
        "光合作用是指植物利用光能把水和二氧化碳转化为糖的过程。它发生在叶绿体中。因为叶绿素主要吸收红光和蓝光,所以叶子看起来是绿色的。这个过程还会放出氧气。"
        "没有光合作用,地球上就不会有现在的大气。",
        "definition explanation",
    ),
    (
        "ar",
        "كانت بغداد في القرن التاسع مركزًا للعلم. أسس الخليفة بيت الحكمة وجمع فيه الكتب. ترجم العلماء أعمال اليونان "
        "إلى العربية. كتب الخوارزمي هناك كتابه في الجبر. هل تعرف من أين جاءت كلمة الخوارزمية؟ جاءت من اسمه.",
        "statement definition",
    ),
    (
        "ru",
        "Периодическая система элементов является основой химии. Менделеев опубликовал её в 1869 году. Он оставил "
        "пустые места, потому что верил в неизвестные элементы. Позже были открыты галлий и германий. Их свойства "
        "совпали с предсказанными.",
        "definition explanation",
    ),
    (
        "hi",
        "पृथ्वी सूर्य के चारों ओर घूमती है। इसमें लगभग तीन सौ पैंसठ दिन लगते हैं। चंद्रमा पृथ्वी का एकमात्र "
        "प्राकृतिक उपग्रह है। ज्वार चंद्रमा के आकर्षण से आते हैं। समुद्र के किनारे रहने वाले लोग इसे रोज़ देखते हैं।",
        "statement",
    ),
    (
        "ko",
        "세종대왕은 조선의 네 번째 임금이다. 그는 백성이 쉽게 읽고 쓸 수 있도록 훈민정음을 만들었다. 한자는 배우기 "
        "어려웠기 때문이다. 새 글자는 스물여덟 자였다. 오늘날 한글이라고 부르는 글자가 바로 이것이다.",
        "explanation statement",
    ),
    (
        "en list",
        "To bleed a radiator you need a key and a cloth.\n\n1. Turn the heating off and wait until it is cold.\n2. "
        "Put the cloth under the valve at the end of the radiator.\n3. Turn the key slowly until air hisses out.\n4. "
        "Close the valve when water comes.\n5. Check the pressure of the boiler and fill it up if needed.",
        "procedure",
    ),
    (
        "en one line",
        "Salt lowers the freezing point of water. That is why roads are salted in winter. Below about minus ten "
        "degrees it no longer helps, and sand is used instead. Plants at the roadside suffer from it. So do cars.",
        "statement explanation",
    ),
    ("en mixed", MIXED.strip(), "code"),
]

UNBROKEN = [  # a text, and a sentence of it that no cut divides
    ("Am 24. Juni 1948 begann die Blockade. Alles kam durch die Luft.", "Am 24. Juni 1948 begann die Blockade."),
    ("Dr. Jones met J. Smith of the U.S. Army at noon. They left.", "Dr. Jones met J. Smith of the U.S. Army at noon."),
    ("「雨だ。」と彼は言った。皆が走った。", "「雨だ。」と彼は言った。"),
    (
        "$$\n\\begin{aligned}\na &= b\n\n\\\\ c &= d\n\\end{aligned}\n$$\n\nSo it ends here.",
        "$$\n\\begin{aligned}\na &= b\n\n\\\\ c &= d\n\\end{aligned}\n$$",
    ),
]

NO_TEXTS = [
    ("empty", " \n\n "),
    ("numbers and signs", "\n".join(f"{n}\t{n * 7 % 13}.{n * 31 % 97}\t{n * 11 % 17}" for n in range(40))),
    ("numbers and signs", "=-=-=-=-= 12 34 == 99 ||| 0.1 0.2 +++ " * 12),
    (
        "licence",
        "Copyright 2020. All rights reserved. Redistribution and use in source and binary forms are permitted "
        "without warranty of any kind, provided that this notice is kept with every copy of the software and its "
        "documents.",
    ),
    ("encoded data", "data " + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo" * 12),
    ("repeated lines", "Sign up for our letter\n" * 12),
    (
        "navigation",
        "Home\nAbout us\nProducts\nShop all items\nContact\nSign in\nYour basket\nCareers\nPrivacy\nLegal notice\n"
        + "Help",
    ),
]


def long(text: str) -> str:
    """The page three times over, so that it has to be cut."""
    return "\n\n".join([text] * 3)
