"""Which language a text is in: one paragraph each, and what is not plainly in one language."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.data.filters.language import check_languages, identify, unwanted_language
from hornbook.data.settings import CurateSettings

PARAGRAPHS = {
    "ar": "يغادر القطار المحطة كل صباح، ويعرف سكان المدينة صوته جيدا. عندما يتساقط الثلج يتأخر القطار قليلا.",
    "bn": "প্রতিদিন সকালে ট্রেনটি স্টেশন ছেড়ে যায় এবং শহরের মানুষ সেই শব্দ ভালো করে চেনে।",
    "ca": "El tren surt de l'estació cada matí, i la gent del poble coneix bé aquell soroll. Quan neva, arriba tard.",
    "cs": "Vlak odjíždí z nádraží každé ráno a lidé ve městě ten zvuk dobře znají. Když sněží, přijede později.",
    "da": "Toget kører fra stationen hver morgen, og byens folk kender lyden godt. Når det sner, kommer det for sent.",
    "de": "Der Zug verlässt jeden Morgen den Bahnhof, und die Leute in der Stadt kennen das Geräusch gut.",
    "el": "Το τρένο φεύγει από τον σταθμό κάθε πρωί και οι κάτοικοι της πόλης γνωρίζουν καλά τον ήχο του.",
    "en": "The train leaves the station every morning, and the people of the town know the sound well.",
    "es": "El tren sale de la estación todas las mañanas y la gente del pueblo conoce bien ese ruido.",
    "fa": "قطار هر روز صبح ایستگاه را ترک می‌کند و مردم شهر صدای آن را خوب می‌شناسند. وقتی برف می‌بارد دیر می‌رسد.",
    "fi": "Juna lähtee asemalta joka aamu, ja kaupungin ihmiset tuntevat sen äänen hyvin. Lumisateella se myöhästyy.",
    "fr": "Le train quitte la gare tous les matins, et les gens de la ville connaissent bien ce bruit.",
    "he": "הרכבת יוצאת מהתחנה בכל בוקר, ותושבי העיר מכירים היטב את הצליל. כשיורד שלג היא מאחרת.",
    "hi": "ट्रेन हर सुबह स्टेशन से निकलती है और शहर के लोग उस आवाज़ को अच्छी तरह जानते हैं।",
    "hu": "A vonat minden reggel elhagyja az állomást, és a város lakói jól ismerik a hangját. Ha havazik, késik.",
    "id": "Kereta itu meninggalkan stasiun setiap pagi, dan penduduk kota mengenal suaranya dengan baik.",
    "it": "Il treno lascia la stazione ogni mattina, e la gente della città conosce bene quel rumore.",
    "ja": "電車は毎朝駅を出発し、町の人々はその音をよく知っています。雪が降ると少し遅れます。",
    "ko": "기차는 매일 아침 역을 떠나고, 마을 사람들은 그 소리를 잘 알고 있습니다. 눈이 오면 조금 늦습니다.",
    "nl": "De trein verlaat elke ochtend het station, en de mensen in de stad kennen het geluid goed.",
    "pl": "Pociąg odjeżdża ze stacji każdego ranka, a mieszkańcy miasta dobrze znają ten dźwięk.",
    "pt": "O comboio sai da estação todas as manhãs, e as pessoas da cidade conhecem bem esse som.",
    "ro": "Trenul pleacă din gară în fiecare dimineață, iar oamenii din oraș cunosc bine acel sunet.",
    "ru": "Поезд каждое утро отправляется со станции, и жители города хорошо знают этот звук.",
    "sv": "Tåget lämnar stationen varje morgon, och människorna i staden känner väl till ljudet.",
    "ta": "ரயில் ஒவ்வொரு காலையும் நிலையத்தை விட்டுப் புறப்படுகிறது, நகர மக்கள் அந்த ஒலியை நன்கு அறிவார்கள்.",
    "th": "รถไฟออกจากสถานีทุกเช้า และชาวเมืองรู้จักเสียงนั้นเป็นอย่างดี เมื่อหิมะตกรถไฟจะมาช้า",
    "tr": "Tren her sabah istasyondan ayrılır ve kasaba halkı bu sesi iyi bilir. Kar yağınca biraz gecikir.",
    "uk": "Потяг щоранку вирушає зі станції, і мешканці міста добре знають цей звук. Коли йде сніг, він запізнюється.",
    "vi": "Tàu rời ga mỗi buổi sáng, và người dân trong thị trấn biết rõ âm thanh ấy. Khi tuyết rơi, tàu đến muộn.",
    "zh": "火车每天早上离开车站，镇上的人们都很熟悉那个声音。下雪的时候，火车会晚一点到。",
}
CODE = ">>> names = ['Müller', 'Straße', 'Mädchen'] * 3\n" * 20 + "```\nfür(über) = _ß[0]\n```\n"
MIXED = [  # a text, and its language
    (PARAGRAPHS["en"] + "\n\n" + CODE, "en"),
    (PARAGRAPHS["en"] * 9 + PARAGRAPHS["de"], "en"),
    (PARAGRAPHS["ja"] * 3 + "Python(パイソン)3.11のlist[int]", "ja"),
    ("「" + PARAGRAPHS["ja"] * 40 + "」(注1)", "ja"),
    (PARAGRAPHS["de"] + " (siehe Abschnitt 2.3 und Tabelle [4])", "de"),
    ("# Menu\n\nHome | Login | Search\n" + PARAGRAPHS["fr"] * 60, "fr"),
    (PARAGRAPHS["hi"] * 50 + "\n" + "=" * 80, "hi"),
    (PARAGRAPHS["es"].upper(), "es"),
]


@pytest.mark.parametrize("language", PARAGRAPHS)
def test_a_paragraph_is_in_its_language(language):
    name, score = identify([PARAGRAPHS[language]])[0]
    assert (name, score > 0.3) == (language, True)


@pytest.mark.parametrize(("text", "language"), MIXED)
def test_code_markup_and_quotations_do_not_hide_the_language(text, language):
    assert identify([text])[0][0] == language


@pytest.mark.parametrize("text", ["", " \n", "1234 5678 90", "x = f(y)", "🙂🙂🙂", "=" * 9, "\u3042"])
def test_what_has_no_language_has_a_low_or_no_score(text):
    ((_, score),) = identify([text])
    assert 0 <= score <= 1


HARD = [PARAGRAPHS["ja"] * 2000, "あ(" * 30_000, "`" * 60_000, "\n" * 60_000, "_" * 60_000, "a" * 60_000, "> " * 30_000]


@pytest.mark.parametrize("text", HARD, ids=lambda text: text[:2])
def test_the_time_does_not_grow_with_the_text(text):
    identify(["load the model"])
    start = time.process_time()
    identify([text] * 20)
    assert time.process_time() - start < 0.2  # about 10 ms here; it was 3 s for Japanese


@given(st.lists(st.text(max_size=200), max_size=5))
def test_a_text_has_the_same_language_in_any_batch(texts):
    assert identify(texts) == [identify([text])[0] for text in texts]


VERDICTS = [  # language, score, languages, least score -> the reason
    ("de", 0.9, ["en", "de"], 0.5, ""),
    ("de", 0.9, ["en"], 0.5, "language"),
    ("de", 0.4, [], 0.5, "language unclear"),
    ("ja", 0.4, ["ja"], {"ja": 0.3, "other": 0.8}, ""),
    ("de", 0.4, ["de"], {"ja": 0.3, "other": 0.8}, "language unclear"),
    ("de", 0.1, ["de"], {"ja": 0.3}, ""),
]


@pytest.mark.parametrize(("language", "score", "languages", "least", "reason"), VERDICTS)
def test_languages_are_chosen_with_a_threshold_for_each(language, score, languages, least, reason):
    document = Document(id="1", text="", source="web", origin="", language=language, language_score=score)
    assert unwanted_language(document, languages, least).partition(":")[0] == reason


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_language_score": {"ja": 2}}, "min_language_score: expected a number from 0 to 1"),
        ({"min_language_score": "high"}, "min_language_score: expected a number from 0 to 1"),
        ({"min_language_score": -1}, "min_language_score: expected a number from 0 to 1"),
    ],
)
def test_a_bad_threshold_is_one_line(values, message):
    with pytest.raises(HornbookError, match=message):
        CurateSettings.parse(values, "")


def test_an_unknown_language_is_named():
    check_languages(["en", "ja", "zh"])
    with pytest.raises(HornbookError, match=r"languages: .*got 'jap'"):
        check_languages(["en", "jap"])
