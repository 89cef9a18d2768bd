"""Which of the two languages a text is in: English or Spanish.

Counts function words that only one of them has, and letters that only Spanish uses; where that says nothing ("normas piscina"), how the
words end. It does not know any third language (Portuguese comes out as Spanish, German as English), and a text without evidence ("GDPR
17") gets the given default.
"""

import re

from rag import lexicon
from rag.types import Language

_WORD = re.compile(r"[^\W\d_]+")
_QUOTED = re.compile(r"“[^”]*”|«[^»]*»|\"[^\"]*\"")
_SPANISH_LETTERS = re.compile(r"[ñáéíóúü¿¡ºª]", re.IGNORECASE)


_ENGLISH = lexicon.words(
    "the of and to is are was were be been what which who whom whose when where why how does did do can may must shall should would could "
    "will this that these those with without for from by at on into about between under over than then there it its they their them he she "
    "his her we our you your an as if or not has have had having any each other such because while during after before against only also "
    "many much say says tell article articles annex treaty agreement in i my me us"
)
_SPANISH = lexicon.words(
    "el la los las un una unos unas de del al y o u que qué cual cuál cuales cuáles quien quién quienes cuando cuándo donde dónde cómo "
    "por para con sin sobre entre hasta desde según ante bajo contra es son era eran fue fueron ser sido está están hay había tiene tienen "
    "puede pueden debe deben su sus se lo le les este esta estos estas ese esa eso esos esas más muy también pero porque si ya nos "
    "cuánto cuánta cuántos cuántas cuanto cuantos artículo artículos articulo tratado acuerdo dice dicen permite en mi tu ni como e "
    "cuanta cuantas"
)

_SPANISH_ENDINGS = lexicon.words(
    "aba ada ado aje ama ana ano ara aro asa ata ato azo ban bia bio bra bre can car cas cen cha cho cia cio cos cta cto dad dan dar "
    "das dia dio dir dor dos dra ego eis ela elo ena eno eos era ero esa eso eta eto eza gan gar gas gia gio gos has hos iar ias ica "
    "ico ida ido ien igo ima imo ina ino ios ira ita ito iva ivo iza izo jan jar jas jes jos lan las lla llo los lta lto mar mas mos "
    "nan nar nas nda nde ndo nen nes nio nos nta nte nto nza ola olo ona ono ora osa oso oto pos ran rar ras ria rio rir rla rle rlo "
    "rma rme rno ron ros rra rro rse rta rte rto san sar sas smo sos sta ste sto tan tar tas tio tir tos tro tud uen uir ulo uot ura "
    "uro uso uyo van var vas vio vos zan zar zas zca zos"
)
_ENGLISH_ENDINGS = lexicon.words(
    "ack act acy ade age ail ain ake all als and ane ans ant ard ars ary ash ast ate ats ays bly cal ced cks cts ded dge dly ead eat "
    "ect eed ees els ely end ens ent ers ert ery ess est ets ful ged ges ght gly hed her hes hip ick ics ied ies ify ile ill ils ily "
    "ind ine ing ins int ips ise ish ism ist its ity ium ive ize ked ker kes led lls lly low med mic nce ncy nds ned ngs nic nts ogy "
    "old ons ood ook ors ort ory ost ots our ous ove own ows ped rds red ric rly rms rts sed sly sts tch ted ter tic tle tly try und "
    "ure use ust ute uts ved ves way wed wer yed zed zes"
)
"""Last three letters that one of the languages has at least five times as often, by the words of the parallel news and questions."""

FUNCTION_WORDS = _ENGLISH | _SPANISH | lexicon.words("a ha han habían yes no sí")
"""Words of either language that name nothing, in lower case (and a few that questions about documents are full of)."""


def detect(text: str, default: Language = "en") -> Language:
    """The language of `text`, by votes of its function words and letters; `default` where they tie."""
    sample = text[:4_000]
    words = [word.casefold() for word in _WORD.findall(sample)]
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words) + 0.5 * min(len(_SPANISH_LETTERS.findall(sample)), len(words))
    if english == spanish:  # a few words, as in a search: how they end; names are passed over
        endings = [word[-3:] for word in _WORD.findall(sample) if len(word) > 3 and word.islower()]
        english, spanish = (sum(ending in own for ending in endings) for own in (_ENGLISH_ENDINGS, _SPANISH_ENDINGS))
    if english == spanish:
        return default
    return "en" if english > spanish else "es"


def asked_in(question: str, default: Language = "en") -> Language:
    """The language that `question` is asked in, whatever that of the titles and words that it quotes."""
    return detect(_QUOTED.sub(" ", question), detect(question, default)) if _QUOTED.search(question) else detect(question, default)
