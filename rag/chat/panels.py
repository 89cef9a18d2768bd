"""HTML of the two panels beside the conversation: the documents, and the models in use. Knows what it is given, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rag.chat.documents import Shown, Verdict
from rag.chat.escape import escape_text
from rag.chat.library import Collection, Times
from rag.chat.reasons import in_language
from rag.chat.render import button, icon
from rag.chat.strings import STRINGS, group_digits
from rag.dates import written
from rag.types import Language

ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection as the documents panel shows it: `wanted` is what its rows are filtered by, `synced` when its index was written.

    `contextual`: how many of how many texts have a contextual vector ({"done", "total"}); None where there are none.
    """

    collection: Collection
    documents: Sequence[Shown]
    wanted: str
    synced: float | None
    busy: bool
    contextual: object = None


def render_documents(listing: Listing, generation: object, language: Language) -> str:
    """The state of the index, and its documents as a table."""
    words = STRINGS[language]
    documents = listing.documents
    passages = sum(shown.listed.passages for shown in documents)
    counts = f"{counted(len(documents), 'document', language)}, {counted(passages, 'passage', language)}"
    now = escape_text(_state(listing, generation, language))
    deep = escape_text(_deepening(listing.contextual, language))
    state = f'<p class="state">{icon("index")}<span>{escape_text(counts)}</span> <span>{now}</span> <span>{deep}</span></p>'
    if not documents:
        return f'<p class="more">{escape_text(words["no_documents"])}</p>'
    needle = listing.wanted.casefold().strip()
    found = [shown for shown in documents if needle in f"{shown.listed.title} {shown.listed.source}".casefold()]
    rows = "".join(_row(shown, language) for shown in found[:ROWS_SHOWN])
    heads = "".join(
        f'<th scope="col">{escape_text(words[name])}</th>' for name in ("col_document", "col_language", "col_date", "col_passages")
    )
    more = len(found) - ROWS_SHOWN
    rest = f'<p class="more">{escape_text(words["more_documents"].format(count=group_digits(more, language)))}</p>' if more > 0 else ""
    none = f'<p class="more">{escape_text(words["no_match"])}</p>' if not found else ""
    heads += f'<th><span class="unseen">{escape_text(words["remove"])}</span></th>'
    return f'{state}<table class="documents"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{rest}{none}'


def render_verdicts(verdicts: Sequence[Verdict], language: Language) -> str:
    """What became of added files, one line each."""
    return "".join(f"<li{_verdict_class(verdict)}>{_verdict(verdict, language)}</li>" for verdict in verdicts)


def render_models(
    description: Mapping[str, object], models: Sequence[str], times: Mapping[str, Times], chosen: str, language: Language
) -> str:
    """What answers and what searches, with fingerprints, and how long the last answers took."""
    words = STRINGS[language]
    rows = [
        (words["model_answers"], words["extractive"] if chosen == "extractive" else chosen, str(description["llm"])),
        (words["model_search"], str(description["embedding"]).partition("@")[0], str(description["embedding"])),
    ]
    facts = "".join(
        f"<dt>{escape_text(name)}</dt><dd><b>{escape_text(model)}</b><code>{escape_text(print_)}</code></dd>"
        for name, model, print_ in rows
    )
    measured = times[chosen]
    if measured.median is not None:
        stages = ", ".join(f"{stage} {value:.0f} ms" for stage, value in measured.last.items())
        last = words["time_median"].format(median=f"{measured.median:.0f}", count=len(measured.totals))
        facts += f"<dt>{escape_text(words['time'])}</dt><dd><b>{escape_text(last)}</b><code>{escape_text(stages)}</code></dd>"
    choice = f"<p>{escape_text(words['model_choice'] if len(models) > 1 else words['model_one'])}</p>"
    return f'<p class="banner-text">{escape_text(banner(chosen, language))}</p><dl class="facts">{facts}</dl>{choice}'


def banner(model: str, language: Language) -> str:
    """What a visitor should know about where answers come from."""
    words = STRINGS[language]
    if model == "extractive":
        return words["banner_offline"]
    if model.startswith("transformers:"):
        return words["banner_local"].format(model=model.removeprefix("transformers:"))
    return words["banner_model"].format(model=model)


def counted(number: int, thing: str, language: Language) -> str:
    """ "1 document", "12,345 passages"."""
    words = STRINGS[language]
    return words[thing if number == 1 else f"{thing}s"].format(count=group_digits(number, language))


def _state(listing: Listing, generation: object, language: Language) -> str:
    words = STRINGS[language]
    if listing.busy:
        return words["sync_running"]
    changed = sum(shown.state != "same" for shown in listing.documents)
    if changed:
        return words["sync_behind"].format(count=changed)
    if listing.synced is None or not listing.documents:
        return ""
    moment = datetime.fromtimestamp(listing.synced).astimezone()
    when = f"{written(moment.date().isoformat(), language)}, {moment:%H:%M}"
    return words["sync_done"].format(when=when, generation=generation)


def _deepening(contextual: object, language: Language) -> str:
    """How far the contextual vectors are; nothing once there is one for each text."""
    match contextual:
        case {"done": int(done), "total": int(total)} if done < total:
            return STRINGS[language]["deepening"].format(done=group_digits(done, language), total=group_digits(total, language))
    return ""


def _row(shown: Shown, language: Language) -> str:
    words = STRINGS[language]
    listed = shown.listed
    flag = "" if shown.state == "same" else f'<span class="flag">{escape_text(words[f"file_{shown.state}"])}</span>'
    remove = button("remove", "remove", words["remove_one"].format(name=listed.title), data_source=listed.source) if shown.mine else ""
    spoken = words.get(f"language_{listed.language}", "–")
    date = written(listed.date, language) if listed.date else "–"
    cells = "".join(f"<td>{escape_text(text)}</td>" for text in (spoken, date, group_digits(listed.passages, language)))
    name = f'<span class="name">{escape_text(listed.title)}</span><code>{escape_text(listed.source)}</code>'
    return f'<tr><th scope="row">{name}{flag}</th>{cells}<td>{remove}</td></tr>'


def _verdict(verdict: Verdict, language: Language) -> str:
    words = STRINGS[language]
    if verdict.state == "indexed":
        text = words["file_indexed"].format(passages=counted(verdict.passages, "passage", language))
    else:
        text = words["file_refused"].format(reason=in_language(verdict.reason, language))
    return f"{icon('done' if verdict.state == 'indexed' else 'alert')}<b>{escape_text(verdict.name)}</b> <span>{escape_text(text)}</span>"


def _verdict_class(verdict: Verdict) -> str:
    return f' class="{verdict.state}"'
