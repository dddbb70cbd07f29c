"""Answers as a strong model writes them about one passage, for the kinds that rewrite passages: by kind and stage."""

import json

GLACIER = (
    "A glacier is a body of ice that moves slowly under its own weight. Because the lower layers of the ice are "
    "under "
    "great pressure, a thin film of water forms at the bottom of the glacier. The glacier slides over this film by "
    "about 20 metres in a year. Stones that are frozen into the ice scratch the rock below. Where the bed is frozen "
    "hard, no film forms and the glacier does not slide; it only deforms, by less than 3 metres in a year."
)
RIVER = (
    "The river Orne rises where the Kals glacier ends. In summer, when the ice melts, it carries ten times as much "
    "water as in winter, and its water is grey with rock flour, which the ice has ground from its bed."
)


def as_json(value):
    return json.dumps(value, ensure_ascii=False)


FAQ = {
    "title": "How glaciers move",
    "entries": [
        {
            "question": "What makes a glacier different from a field of old snow?",
            "answer": "A glacier moves. It is ice that has grown so thick that its own weight sets it in motion, while "
            "a field of snow stays where it fell until it melts. The motion is slow, metres in a year, so nobody "
            "sees "
            "it by watching; it shows in what the ice carries and in what it does to the ground. Weight is the whole "
            "reason: a patch of ice that is too thin to move under its own load is no glacier, however old it may "
            "be.",
        },
        {
            "question": "Why is there water under a glacier when everything above it is ice?",
            "answer": "Pressure makes it. The deepest layers bear all the ice that lies on top of them, and under so "
            "great a load a thin film of liquid forms where the ice meets its bed. No warm season is needed for "
            "that, "
            "only enough weight, and a bed that is not frozen too hard. The film is thin, yet it decides how the "
            "whole "
            "mass travels, as a film of oil does in a machine.",
        },
        {
            "question": "How fast does a sliding glacier travel, and what slows it down?",
            "answer": "With a film of water below it, a glacier slides about 20 metres in a year. If its bed is frozen "
            "hard, there is no film, and so no sliding: the ice can only change its shape, which carries it less "
            "than "
            "3 metres in a year. The difference comes from the bed alone. So somebody who measures the speed at the "
            "surface learns something of the ground, which nobody can see.",
        },
        {
            "question": "Is it the ice itself that scratches the rock below?",
            "answer": "No, though many believe it. The scratches are made by stones that have frozen into the bottom "
            "of the ice and are dragged over the rock as the mass slides. The ice holds the tool and moves it. Where "
            "nothing slides, for instance over a bed that is frozen hard, such scratches cannot be drawn in this "
            "way, "
            "which is why they tell of a wet bed in the past.",
        },
    ],
}
GLOSSARY = {
    "title": "Terms of glacier motion",
    "entries": [
        {
            "term": "glacier",
            "definition": "A mass of frozen water on land, thick enough to travel slowly because of its own load. It "
            "differs from a field of snow in that it moves, and from a river in that its motion is measured in "
            "metres "
            "a year.",
        },
        {
            "term": "basal sliding",
            "definition": "The travel of ice as a whole across the ground under it. It takes a thin layer of liquid in "
            "between and reaches some 20 metres a year; over ground that is frozen hard there is none.",
        },
        {
            "term": "deformation",
            "definition": "A change of shape without any slip at the bottom. It is the only motion that is left where "
            "the bed is frozen, and amounts to less than 3 metres a year.",
        },
        {
            "term": "striation",
            "definition": "A groove in bedrock, drawn by a stone that was held in the bottom of moving ice. Striations "
            "point the way that the ice went, and show that it once slid there.",
        },
    ],
}
ARGUMENT = {
    "question": "A glacier moved 2 metres last year. Can there have been a film of water under all of it?",
    "premises": [
        "Under great pressure a thin film of water forms at the bottom of a glacier.",
        "Over such a film a glacier slides by about 20 metres in a year.",
        "Where the bed is frozen hard, no film forms, and the ice only deforms, by less than 3 metres in a year.",
        "This glacier moved 2 metres in a year.",
    ],
    "steps": [
        {
            "says": "If there had been a film below all of it, then the motion would have been near 20 metres, since "
            "sliding adds to whatever the ice does besides.",
            "rests_on": ["P1", "P2"],
        },
        {
            "says": "The measured 2 metres are a tenth of that, too little for a difference in the measurement.",
            "rests_on": ["S1", "P4"],
        },
        {
            "says": "2 metres lie below the 3 metres that ice over a frozen bed deforms at most, so a frozen bed "
            "accounts for all of the motion.",
            "rests_on": ["P3", "P4"],
        },
        {
            "says": "So the motion fits a frozen bed, and does not fit a film below the whole.",
            "rests_on": ["S2", "S3"],
        },
    ],
    "conclusion": "No: its bed, or most of it, must have been frozen hard.",
    "limits": "A glacier that is braked by something else, such as a narrow valley, could move little on a wet bed.",
}
SUMMARY = (
    "How water decides the speed of ice\n\nA glacier moves because of its weight. Where the load above presses a "
    "thin "
    "layer of water out at the bottom, it slides about 20 metres a year and its embedded stones scratch the bedrock; "
    "over a hard-frozen bed it merely deforms, by under 3 metres."
)
WHY = (
    "Two glaciers of the same thickness lie on the same kind of rock, but one travels about 20 metres in a year and "
    "the other less than 3. Why can the state of the bed alone make such a difference?"
)
EXPLANATION = (
    "What counts is whether the ice can slip. Both glaciers are heavy enough to move, but one of them rests on a "
    "thin "
    "layer of liquid and the other is stuck to its bed.\n\nStart with the weight. The deepest ice bears everything "
    "above it, and this load does two things. It squeezes the ice slowly out of shape, as a heavy lump of putty "
    "spreads "
    "on a table. And where the ground is not too cold it makes a film of water form just at the bottom, because the "
    "ice there is under great pressure.\n\nNow compare. With the film, the whole mass can glide over the rock, and "
    "the "
    "spreading comes on top of that: together about 20 metres in a year. If the bed is frozen hard, there is no "
    "film, "
    "and so nothing to glide on. The bottom layer is held fast, and only the spreading remains, which carries the "
    "ice "
    "less than 3 metres in a year. Thus the same weight gives a slow motion or a motion several times as fast, and "
    "the bed decides which.\n\nThink of a wet bar of soap on a tile, and of the same bar frozen to it. A push moves "
    "the "
    "first one at once; the second may bend a little, but it stays. The comparison fails in one respect: soap is "
    "pushed "
    "from outside, while a glacier is driven by its own load.\n\nHow could one check this? Stones in the bottom of "
    "sliding ice scratch the rock below it, and they can only do so while they are dragged along. If the explanation "
    "is right, fresh scratches appear under the fast glacier and none "
    "under the slow one."
)
WHAT_IF = (
    "A glacier slides about 20 metres in a year over a thin film of water, which forms at its bottom because the "
    "lower "
    "ice is under great pressure; over a bed that is frozen hard a glacier only deforms, by less than 3 metres in a "
    "year. Suppose that the bed of this glacier froze hard this winter. What would follow for its motion and for the "
    "rock below, and what would stay as it is?"
)
SUPPOSED = (
    "In the real case the order is this: the weight of the ice puts its lower layers under great pressure; therefore "
    "a "
    "film of water forms; the ice slides on it; and stones that are held in the bottom of the ice are dragged over "
    "the "
    "rock and scratch it.\n\nNow let the bed be frozen hard. The weight is the same, since nothing was said about "
    "the "
    "thickness, so the pressure on the lower layers stays as it is. But pressure is no longer enough: on a bed that "
    "is frozen hard no film would form. Without the film the reason for the sliding is gone, and there is no other "
    "one. The motion by deformation, which comes from the weight and not from the water, would go on. So the glacier "
    "would still move, by less than 3 metres in a year instead of about 20: less than 3/20, that is less than 15 "
    "percent of its former motion.\n\nFor the rock it follows that stones which are no longer dragged along draw no "
    "new scratches. The old scratches would stay, as nothing removes them. Whether a stone here and there would "
    "still "
    "turn as the ice deforms cannot be decided from what is known.\n\nAnswer: the sliding and the scratching would "
    "end, the slow deformation of less than 3 metres in a year would go on, and the pressure and the old scratches "
    "would stay as they are."
)
CLAIMS = {
    "claims": [
        {
            "claim": "Without great pressure in its deep layers, the reason for the water under a glacier is gone.",
            "quote": "Because the lower layers of the ice are under great pressure, a thin film of water forms",
            "why": "The pressure is named as the cause of the film, so without it this reason is missing.",
            "verdict": "supported",
        },
        {
            "claim": "Ice over a hard-frozen bed travels farther in a year than ice that slides.",
            "quote": "it only deforms, by less than 3 metres in a year",
            "why": "Less than 3 metres is less than the 20 metres of sliding ice, so it is the other way round.",
            "verdict": "contradicted",
        },
        {
            "claim": "Most glaciers of the world have a film of water under them.",
            "quote": "",
            "why": "It is told under which condition the film forms, but not how many glaciers fulfil it.",
            "verdict": "not said",
        },
        {
            "claim": "Marks on the bedrock are drawn by what the ice carries along.",
            "quote": "Stones that are frozen into the ice scratch the rock below.",
            "why": "The stones in the ice are what scratches, and the ice carries them.",
            "verdict": "supported",
        },
    ]
}
GERMAN = (
    "Ein Gletscher ist ein Eiskörper, der sich unter seinem eigenen Gewicht langsam bewegt. Weil die unteren "
    "Schichten "
    "des Eises unter großem Druck stehen, bildet sich am Grund des Gletschers ein dünner Wasserfilm. Auf diesem Film "
    "gleitet der Gletscher etwa 20 Meter im Jahr. Steine, die im Eis festgefroren sind, zerkratzen das Gestein "
    "darunter. Wo der Untergrund hart gefroren ist, bildet sich kein Film, und der Gletscher gleitet nicht; er "
    "verformt sich nur, um weniger als 3 Meter im Jahr."
)
JAPANESE = (
    "氷河とは、自らの重さによってゆっくりと動く氷の塊である。氷の下層には大きな圧力がかかっているため、氷河の底には薄い水の膜ができる。"
    "氷河はこの膜の上を1年におよそ20メートル滑る。氷の中に凍りついた石は、その下の岩を引っかいて傷をつける。基盤が固く凍っているところでは膜が"
    "できず、氷河は滑らない。ただ変形するだけで、その動きは1年に3メートル未満である。"
)
FRAGE = (
    "Ein Gletscher bewegt sich im Jahr etwa 20 Meter, ein anderer, ebenso dicker, nicht einmal 3 Meter. Woran kann "
    "es "
    "liegen, dass der eine so viel langsamer ist, und warum macht das so viel aus?"
)
ANTWORT = (
    "Es liegt am Untergrund: Unter dem langsamen Gletscher ist er hart gefroren, unter dem schnellen nicht. Das "
    "Gewicht "
    "des Eises setzt die untersten Schichten unter großen Druck, und dadurch entsteht am Grund ein dünner "
    "Wasserfilm. "
    "Auf ihm kann die ganze Masse gleiten, etwa 20 Meter im Jahr. Ist der Untergrund dagegen hart gefroren, so "
    "bildet "
    "sich kein Film, das Eis haftet fest, und es bleibt nur die Verformung durch das eigene Gewicht. Sie bringt "
    "weniger "
    "als 3 Meter im Jahr. Erkennen lässt sich der Unterschied auch am Gestein: Nur wo das Eis gleitet, ziehen die "
    "darin "
    "eingefrorenen Steine Kratzer."
)
BOTH = (
    "No. Two motions are told apart. Where a film of water lies below the ice, all of it slides, 20 metres or so a "
    'year. But where the ground is frozen hard there is none, and still the ice "only deforms", less than 3 metres '
    "annually. To deform is to move, since the ice gets elsewhere, though nothing slips at the bottom. So motion by "
    "weight is common to all glaciers, and sliding is not. From this it follows that a slow glacier may be one that "
    "does not slide at all; how slow one that does may be is left open. Somebody might object that deforming was meant "
    "as standing still, but then it could not have a speed."
)
HOW = "Why is the water of the Orne grey in summer, although the ice at its source has scratched its bed all year?"
JOINED = (
    "Because the melt water of summer brings out what the ice has ground off. The glacier slides over a film of "
    "water "
    "and its frozen-in stones scratch the rock below, which yields fine rock flour; that goes on as long as it "
    "slides. "
    "The Orne begins where the Kals glacier ends, and it carries ten times as much water in summer as in winter. So "
    "the "
    "flour leaves with the summer's flood and colours it grey. The check: over a hard-frozen bed nothing would "
    "slide, "
    "no rock flour would arise in this way, and the river would stay clear even in the season of melting."
)
SIMPLE = (
    "Think of a very big and very heavy piece of ice on a mountain. It is so heavy that it cannot stay where it is: "
    "its "
    "own weight makes it move, but very slowly. Such a piece of ice is called a glacier.\n\nThe ice at the bottom "
    "has "
    "to carry all the ice on top. It is pressed so hard that a little water comes out, just a thin layer. On wet "
    "ground "
    "you slip easily, and that is what the glacier does too. It slips about 20 metres in one year. In the ice there "
    "are stones. When the ice moves, they scratch the rock, like a nail on a door.\n\nBut sometimes the ground is "
    "frozen hard. Then no water comes, so the ice cannot slip. It is only squeezed a little flatter and moves less "
    "than 3 metres in a year."
)
SCORES = {"accuracy": 5, "reasoning": 5, "completeness": 4, "clarity": 5, "independence": 5, "brief": 5}
READ = {"accuracy": 5, "evidence": 5, "reasoning": 5, "completeness": 4, "economy": 5}
TRANSLATED = {"accuracy": 5, "completeness": 5, "idiom": 4, "terms": 5, "register": 5}
AGREES = as_json({"why": "Both name the same cause.", "same": True})
DIFFERS = as_json({"why": "The other cannot tell.", "same": False})


def verdicts(*changed):
    found = [one["verdict"] for one in CLAIMS["claims"]]
    return as_json({"reasons": ["..."] * len(found), "verdicts": list(changed) or found})


def judged(prompt, sample):
    """Both passages give the answer, one alone does not."""
    return AGREES if sample == 0 else DIFFERS


GOOD: dict[str, dict[str, object]] = {
    "simplification": {"write": SIMPLE},
    "textbook": {"write": f"## Why ice slides\n\n{EXPLANATION}"},
    "exercise": {
        "question": WHY,
        "write": EXPLANATION,
        "solve": "Only one of them has a film of water.",
        "judge": AGREES,
    },
    "self_revision": {
        "question": "Does all ice that moves slide?",
        "plan": "Requirements: keep sliding and deforming apart.",
        "write": BOTH,
        "critique": as_json({"scores": READ, "advice": []}),
    },
    "faq": {"write": as_json(FAQ)},
    "glossary": {"write": as_json(GLOSSARY)},
    "structured_reasoning": {"write": as_json(ARGUMENT)},
    "summary": {"write": SUMMARY},
    "explanation": {
        "question": WHY,
        "write": EXPLANATION,
        "critique": as_json({"scores": SCORES, "advice": []}),
    },
    "counterfactual": {
        "question": WHAT_IF,
        "write": SUPPOSED,
        "critique": as_json({"scores": SCORES, "advice": []}),
        "solve": "The sliding ends, the deformation goes on.",
        "judge": AGREES,
    },
    "hypothesis": {"write": as_json(CLAIMS), "solve": verdicts()},
    "translation": {"write": GERMAN, "critique": as_json({"scores": TRANSLATED, "advice": []})},
    "foreign_question": {"question": FRAGE, "write": ANTWORT, "solve": "Am Untergrund.", "judge": AGREES},
    "comparison": {
        "question": HOW,
        "write": JOINED,
        "solve": "The flour is washed out by the melt water.",
        "alone": "That cannot be known.",
        "judge": judged,
    },
}
