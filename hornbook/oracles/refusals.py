"""Detect refusals by the phrases that chat models use, in a dozen languages."""

import re

from hornbook.oracles.text import normalise

# English after `normalise`: lower case, without punctuation; "don't" is "don t".
_NOT = (
    r"(?:do not|don t|did not|didn t|cannot|can t|can not|could not|couldn t|am unable to|m unable to"
    r"|am not able to|m not able to)"
)
_ENGLISH = [
    rf"{_NOT} (?:actually |currently |really |exactly |directly |confidently |definitively |reliably "
    rf"|accurately |personally )*"
    r"(?:know|recall|remember|say|tell|answer|verify|find|confirm|determine|provide|identify|help"
    r"|assist|give|access|recognize|recognise|locate)",
    r"(?:am|m) (?:sorry but i|afraid i|not sure|unsure|not certain|uncertain|unaware|not aware"
    r"|not familiar|unfamiliar|unable)",
    r"(?:do not|don t|doesn t|does not) (?:currently |actually )?have (?:any |enough |sufficient "
    r"|reliable |that |this |the |specific |accurate |verified |real time |up to date |access "
    r"|personal |a |an |me )*"
    r"(?:to |information|knowledge|data|record|access|details|answer|definitive|way)",
    r"(?:have|has|is|s|there is|there s) (?:no|not any) (?:way|reliable|specific|verified|public"
    r"|publicly|available|known|information|knowledge|record|idea|data|evidence|such|means)",
    r"no (?:information|knowledge|record|idea|clue)|not (?:heard|know) of|never heard of|no way of knowing",
    r"(?:does not|doesn t|do not|don t|may not|might not|did not|didn t) (?:seem to |appear to )?(?:actually )?exist",
    r"(?:not|isn t) (?:a real|something i|publicly (?:known|available)|known to me|clear to me)",
    r"unclear to me|unknown to me|beyond my knowledge|outside my knowledge|beyond my (?:training"
    r"|scope)|not in my (?:training|knowledge)",
    r"not (?:enough|sufficient) (?:information|context)|insufficient (?:information|data)"
    r"|cannot be (?:determined|answered|verified)",
    r"(?:would|d) (?:recommend|suggest) (?:checking|consulting|looking|verifying)",
    r"fictional|made up|hypothetical|as of my (?:last|knowledge)",
]
_REFUSAL = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b")

# Other languages as they are written, in lower case.
_OTHERS = re.compile(
    r"weiß (?:es |das |ich |leider )*nicht|weiss (?:es |das |ich |leider )*nicht|nicht bekannt"
    r"|keine ahnung|keine informationen"
    r"|(?:kann|konnte) (?:ich )?(?:das |es |diese frage |leider |dazu )*(?:nicht|keine)"
    r"|(?:ne|n')\s?(?:le |la |l')?(?:sais|connais|suis|peux|dispose|trouve|ai)\b[^.]{0,30}\b(?:pas"
    r"|aucune)|aucune (?:information|idée)"
    r"|no (?:lo )?(?:sé|conozco|puedo|tengo|dispongo|estoy seguro|recuerdo)|no sé|desconozco|sin información"
    r"|não (?:o )?(?:sei|conheço|posso|tenho|consigo|lembro|encontrei)|desconheço"
    r"|non (?:lo )?(?:so|conosco|posso|ho|ricordo|sono sicur)"
    r"|не (?:знаю|могу|уверен|уверена|помню|располагаю|имею)|мне (?:не известно|неизвестно)"
    r"|нет (?:информации|данных)|у меня нет"
    r"|不知道|不清楚|不确定|不確定|无法(?:确定|回答|提供|得知|确认)|無法(?:確定|回答|提供|得知|確認)|没有(?:相关|足够|具体|这方面的)?(?:信息|資訊|资料)|不了解|不記得"
    r"|(?:わかり|分かり|判り)ません|わからない|分からない|存じません|存じ上げ|知りません|不明です|情報(?:が|は)(?:あり|ござい)ません|お答えできません|持っていません"
    r"|모르겠|모릅니다|알지 못|알 수 없|확실하지 않|정보가 없|답변할 수 없"
    r"|(?:नहीं|नही) (?:पता|मालूम|जानता|जानती|जानते)|(?:पता|मालूम|जानकारी) (?:नहीं|नही)|नहीं जान"
    r"|لا أعرف|لا أعلم|لا اعرف|لا اعلم|لست متأكد|لا أستطيع|لا يمكنني|ليس لدي|لا تتوفر"
    r"|bilmiyorum|emin değilim|bilgim yok|nie wiem|nie jestem pewien|nie mogę|weet (?:ik )?(?:het )?niet|geen idee"
    r"|không biết|không chắc|không có thông tin|tidak tahu|tidak yakin|ไม่ทราบ|ไม่รู้|sijui|জানি না|తెలియదు"
)


def refuses(reply: str) -> bool:
    """Whether a reply declines to answer ("I do not know", "I'm not sure", "there may not exist …")."""
    text = reply.replace("’", "'").casefold()
    return bool(_REFUSAL.search(normalise(text).replace("-", " ")) or _OTHERS.search(text))
