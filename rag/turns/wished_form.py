"""What wishes another form of the answer before, and asks nothing new: "in English please", "shorter", "are you sure?", "tell me more".

Without a language model the answer quotes, so that it cannot take another form: it is given again, with a word about why
(`rag.messages`). Only where the wish is all that is written: "tell me more about the lease" is a question.
"""

import re
from typing import Literal

from rag.turns.small_talk import plain

Form = Literal["language", "words", "more", "proof", "again"]
_IT = r"(?: (?:it|that|this|the answer))?"
_FORMS: dict[Form, tuple[str, ...]] = {
    "language": (
        rf"(?:(?:say|write|put|answer|repeat|translate){_IT} )?(?:in|to|into) (?:english|spanish)",
        rf"translate{_IT}",
        r"(?:(?:dilo|dimelo|escribelo|ponlo|responde|contesta|repitelo|traducelo) )?(?:en|al) (?:ingles|espanol|castellano)",
        r"traduce(?:lo|melo)?(?: eso| esto| la respuesta)?",
        r"(?:lo )?traducir(?:lo|melo)?(?: eso| esto)?",
    ),
    "words": (
        r"(?:(?:make it|keep it|be|say it|a bit|much|in) )?(?:short|shorter|brief|briefer|(?:more )?briefly|simpler|simple words)",
        rf"(?:summari[sz]e|shorten|simplify|explain|rephrase){_IT}(?: to me)?(?: (?:in simple words|simply|better))?",
        r"(?:a |the )?(?:short )?summary(?: of (?:it|(?:the|this|that) (?:document|text|file|contract)))?",
        r"summari[sz]e (?:the|this|that)(?: whole)? (?:document|text|file|contract)",
        r"(?:resume|resumir|resumen de|resumen del?) ?(?:el|este|ese)? ?(?:documento|texto|archivo|contrato)",
        r"(?:un poco )?mas (?:corto|breve|simple|sencillo|facil)",
        r"(?:me )?lo resumes|(?:hazme )?(?:un )?resumen",
        r"(?:resume|resumir|acorta|simplifica|explica|explicar)(?:lo|melo)?(?: eso| esto)?"
        r"(?: (?:mas (?:corto|sencillo|facil|simple)|mejor|con (?:otras palabras|palabras sencillas)))?",
        r"en (?:pocas|otras) palabras",
    ),
    "more": (
        r"(?:is there |do you have |do you know )?(?:anything|something) (?:else|more)",
        r"what else|more|more details|go on|continue|elaborate",
        r"(?:tell|give|show)(?: me)?(?: some| a bit| a little)? more(?: details| about (?:it|that|this))?",
        r"(?:hay |sabes |dice )?algo mas|que mas(?: hay| dice| sabes)?",
        r"(?:cuenta|di|da|explica)(?:me)? mas(?: detalles| sobre eso)?",
        r"mas|mas detalles|sigue|continua",
        r"(?:(?:give|show)(?: me)? )?(?:an |another |one |for |some )?examples?",
        r"(?:(?:da|dame|pon|ponme) )?(?:un |otro |algun |por )?ejemplos?",
    ),
    "proof": (
        r"(?:are you )?(?:really |quite |very )?(?:sure|certain)(?: (?:about|of) (?:that|this|it))?",
        r"really|is (?:that|this|it) (?:true|right|correct|so)",
        r"where (?:does it|do they|do you) (?:say|get) (?:that|this|so|it)",
        r"where (?:is (?:that|this|it) (?:said|written|from)|does (?:that|this|it) come from)",
        r"where did you (?:get|find|read|see) (?:that|this|it)",
        r"how do you know(?: that| this)?|says who|prove it|(?:quote|cite)(?: (?:it|that|this|the (?:text|source|words)))?",
        r"(?:on |in )?(?:which|what) (?:page|section|document|source|article|file|paragraph|clause|rule|law|part|chapter|annex|point)"
        r"(?: (?:is|was|says) (?:that|this|it)(?: in| from)?)?",
        r"(?:(?:what is |show me )?(?:the|your) )?source",
        r"(?:estas |esta )?segur[oa](?: de eso)?|de verdad|es (?:cierto|verdad|asi)(?: eso)?|eso es (?:cierto|verdad)",
        r"(?:donde|en (?:que|cual) (?:pagina|documento|articulo|apartado|seccion|parte|archivo|fichero)) "
        r"(?:lo (?:dice|pone|has (?:leido|visto|encontrado))|(?:dice|pone|esta|sale|viene|consta)(?: escrito)? es(?:o|to)|esta escrito)",
        r"(?:en )?que (?:pagina|documento|articulo|apartado|seccion|clausula|parte|capitulo|punto|norma|ley)(?: es(?: es[eo])?)?",
        r"cita(?:lo|melo)(?: textualmente)?",
        r"de donde (?:lo has sacado|lo sacas|sacas eso|sale eso)|como lo sabes|(?:cual es )?(?:la|tu) fuente",
    ),
    "again": (
        r"(?:say|repeat)(?: (?:it|that|this))?(?: again)?",
        r"(?:come )?again|pardon|what did you say",
        r"repite(?:lo|melo)?|(?:lo )?repetir(?:lo|melo)?|(?:me )?lo repites",
        r"otra vez|dilo otra vez|como dices|que has dicho",
    ),
}
_FORM = {form: re.compile("|".join(patterns)) for form, patterns in _FORMS.items()}
_POLITE = re.compile(
    r"^(?:(?:and|but|ok|okay|no|yes|y|pero|vale|si|please|por favor|now|ahora|(?:can|could|would) you|"
    r"(?:me )?(?:lo )?(?:puedes|podrias)|me)\b ?)+|"
    r"(?: ?\b(?:please|por favor|now|ahora|then|entonces|for me))+$"
)


def wished_form(text: str) -> Form | None:
    """What `text` wishes of the answer before, if that is all: another language, other words, more, proof, the same again."""
    if len(text) > 100:
        return None
    said = plain(text)
    for asked in (said, _POLITE.sub("", said).strip()):
        for form, pattern in _FORM.items():
            if pattern.fullmatch(asked):
                return form
    return None
