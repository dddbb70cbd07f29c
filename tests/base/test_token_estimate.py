"""The estimate of tokens is within a quarter of the mean of two large tokenizers, for any script."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.token_estimate import estimate_tokens, token_weight

TEXTS = [  # a text; its tokens in o200k and in Qwen's tokenizer
    (
        "In 1854 an outbreak of cholera killed 616 people around Broad Street in London. Most doctors believed that bad air spread the disease, because it was worst where the smell was worst. John Snow marked each death on a map and found that almost all of the victims had drawn water from one pump.",
        62,
        66,
    ),
    (
        "Im Jahr 1854 tötete ein Ausbruch der Cholera 616 Menschen rund um die Broad Street in London. Die meisten Ärzte glaubten, dass schlechte Luft die Krankheit verbreitete, weil sie dort am schlimmsten war, wo der Geruch am stärksten war. John Snow trug jeden Todesfall in eine Karte ein und stellte fest, dass fast alle Opfer Wasser aus einer einzigen Pumpe geschöpft hatten.",
        86,
        111,
    ),
    (
        "En 1854, une épidémie de choléra tua 616 personnes autour de Broad Street à Londres. La plupart des médecins croyaient que le mauvais air répandait la maladie, parce qu'elle était pire là où l'odeur était la plus forte. John Snow marqua chaque décès sur une carte et constata que presque toutes les victimes avaient puisé leur eau à une seule pompe.",
        83,
        104,
    ),
    (
        "一八五四年、ロンドンのブロード街の周辺でコレラが発生し、六百十六人が亡くなった。当時の医師の多くは、悪い空気が病気を広げると信じていた。ジョン・スノウは死者を一人ずつ地図に記し、犠牲者のほとんどが一つの井戸の水を飲んでいたことを発見した。そのため、ポンプの取っ手が外されると流行は終わった。",
        130,
        111,
    ),
    (
        "1854年,伦敦布罗德街一带爆发霍乱,夺去了六百多人的生命。当时大多数医生认为疾病是由污浊的空气传播的,因为气味最重的地方病情也最严重。约翰·斯诺把每一例死亡都标在地图上,发现几乎所有的死者都饮用过同一口水泵的水。水泵的把手被拆除之后,疫情就结束了。",
        107,
        84,
    ),
    (
        "1854년 런던 브로드 거리 주변에서 콜레라가 발생하여 육백 명이 넘는 사람이 목숨을 잃었다. 당시 의사들은 대부분 나쁜 공기가 병을 퍼뜨린다고 믿었다. 존 스노는 사망자를 한 명씩 지도에 표시했고, 희생자 거의 모두가 한 펌프의 물을 마셨다는 사실을 알아냈다.",
        87,
        106,
    ),
    (
        "في عام 1854 قتل تفشي الكوليرا 616 شخصًا حول شارع برود في لندن. كان معظم الأطباء يعتقدون أن الهواء الفاسد ينشر المرض، لأنه كان أسوأ حيث كانت الرائحة أسوأ. وضع جون سنو علامة على كل حالة وفاة على خريطة ووجد أن جميع الضحايا تقريبًا قد شربوا الماء من مضخة واحدة.",
        81,
        105,
    ),
    (
        "В 1854 году вспышка холеры убила 616 человек вокруг Брод-стрит в Лондоне. Большинство врачей считали, что болезнь распространяет дурной воздух, потому что хуже всего было там, где сильнее всего был запах. Джон Сноу отметил каждую смерть на карте и обнаружил, что почти все жертвы брали воду из одного насоса.",
        84,
        108,
    ),
    (
        "1854 में लंदन की ब्रॉड स्ट्रीट के आसपास हैजा फैलने से 616 लोगों की मृत्यु हो गई। अधिकांश चिकित्सक मानते थे कि दूषित हवा से यह रोग फैलता है। जॉन स्नो ने हर मृत्यु को एक नक्शे पर अंकित किया और पाया कि लगभग सभी पीड़ितों ने एक ही पंप का पानी पिया था।",
        82,
        225,
    ),
    (
        "ในปี ค.ศ. 1854 เกิดการระบาดของอหิวาตกโรครอบถนนบรอดในกรุงลอนดอน ทำให้มีผู้เสียชีวิต 616 คน แพทย์ส่วนใหญ่เชื่อว่าอากาศเสียเป็นสาเหตุของโรค จอห์น สโนว์ ทำเครื่องหมายผู้เสียชีวิตทุกรายบนแผนที่",
        85,
        109,
    ),
    (
        "Το 1854 μια επιδημία χολέρας σκότωσε 616 ανθρώπους γύρω από την οδό Μπροντ στο Λονδίνο. Οι περισσότεροι γιατροί πίστευαν ότι ο κακός αέρας μετέδιδε την ασθένεια, επειδή ήταν χειρότερη εκεί όπου η μυρωδιά ήταν χειρότερη.",
        84,
        198,
    ),
    (
        "בשנת 1854 הרגה התפרצות של כולרה 616 אנשים סביב רחוב ברוד בלונדון. רוב הרופאים האמינו שאוויר רע מפיץ את המחלה, משום שהיא הייתה חמורה יותר במקום שבו הריח היה חזק יותר.",
        56,
        65,
    ),
    (
        'def merge_sorted(left, right):\n    """Merge two sorted lists into one."""\n    merged = []\n    i = j = 0\n    while i < len(left) and j < len(right):\n        if left[i] <= right[j]:\n            merged.append(left[i])\n            i += 1\n        else:\n            merged.append(right[j])\n            j += 1\n    return merged + left[i:] + right[j:]\n',
        88,
        88,
    ),
    (
        'for (int i = 0; i < n; ++i) {\n    if (a[i] != b[i]) {\n        fprintf(stderr, "%d: %s != %s\\n", i, a[i], b[i]);\n        return -1;\n    }\n    sum += weights[i] * (double)values[i];\n}\n',
        70,
        70,
    ),
    (
        "The roots of $ax^2 + bx + c = 0$ with $a \\neq 0$ are\n$$x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}.$$\n$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}, \\qquad \\sum_{n=1}^{\\infty} \\frac{1}{n^2} = \\frac{\\pi^2}{6}$$",
        117,
        119,
    ),
    (
        "2 H₂O₂ → 2 H₂O + O₂. CH₃COOH + NaHCO₃ → CH₃COONa + H₂O + CO₂. Fe₂O₃ + 3 CO → 2 Fe + 3 CO₂ (ΔH = −24.8 kJ/mol).",
        71,
        72,
    ),
    (
        "| Element | Symbol | Mass (u) |\n| --- | --- | --- |\n| Hydrogen | H | 1.008 |\n| Helium | He | 4.0026 |\n| Lithium | Li | 6.94 |\n",
        49,
        56,
    ),
]


@pytest.mark.parametrize(("text", "o200k", "qwen"), TEXTS)
def test_the_estimate_is_within_a_quarter_of_the_mean(text: str, o200k: int, qwen: int) -> None:
    assert 0.75 < estimate_tokens(text) / math.sqrt(o200k * qwen) < 1.25


@given(st.lists(st.text(max_size=40)))
def test_weights_of_parts_add_up(parts: list[str]) -> None:
    assert math.isclose(sum(map(token_weight, parts)), token_weight("\n".join(parts)), abs_tol=1e-6)


def test_nothing_has_no_tokens() -> None:
    assert estimate_tokens("") == estimate_tokens(" \n") == 0
