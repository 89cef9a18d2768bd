"""What a sync has to do: files on disk compared with what the index holds, by content.

Equal files are stored once and known under each of their names. Documents of other folders that were indexed earlier stay, and so does
what is behind a file or folder that cannot be read now, and everything where no document at all is found: a disk that is not mounted
looks like an empty folder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag import __version__
from rag.config import Config
from rag.errors import LoadError
from rag.index.notes import readers
from rag.index.store import Store
from rag.index.words import ANALYSIS
from rag.load import READERS, Limits, content_sha256
from rag.types import Document

SPLITTER = "split-11"
Known = Mapping[str, tuple[str, str, str]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not indexed, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a sync did, or would do. `documents` and `passages` are totals of the index, the rest counts this sync; `seconds` is wall time.

    A document counts once for each of its names. Of a dry run, `passages`, `embedded` and `generation` are those of the index as it is.
    """

    documents: int
    passages: int
    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    embedded: int
    generation: int
    seconds: float
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that the index is to hold: under `source`, from the file or the document given, also known under `copies`."""

    source: str
    place: str
    file: Path | None = None
    document: Document | None = None
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """`write` and `remove` are by the source that a text is stored under; `recopy` are documents that stay and get other names."""

    write: list[Wanted] = field(default_factory=list)
    remove: set[str] = field(default_factory=set)
    recopy: list[Wanted] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)

    def cut_short(self, unread: Iterable[Wanted]) -> None:
        """Note that these documents were not read any more: what was indexed under their names stays as it was."""
        for wanted in unread:
            for counted in (self.added, self.updated, self.unchanged):
                counted -= {wanted.source, *wanted.copies}

    def without(self, wanted: Wanted, error: LoadError) -> bool:
        """Note that a document could not be loaded after all; returns whether what was indexed under its name goes, too."""
        kept = wanted.file is not None and _is_shut(wanted.file, error) and wanted.source in self.updated
        for source in (wanted.source, *wanted.copies):
            self.skipped.append(Skipped(source, f"{error} (kept as it was indexed before)" if kept else str(error)))
            if source in self.updated and not kept:
                self.removed.add(source)
            for counted in (self.added, self.updated, self.unchanged):
                counted.discard(source)
        return not kept


def splitter_of(config: Config) -> str:
    """What decides how files become passages: a new version of the program reads them again."""
    return f"{__version__}/{SPLITTER}/{ANALYSIS}/{config.split.target_characters}/{config.split.max_characters}"


def known_now(store: Store) -> Known:
    """What a store knows, with the hash of no file for documents whose text other readers than those of today made of a file.

    They are loaded again where their file is at hand; others keep the text that they have, and the note of who made it.
    """
    made_by = readers(store.connection)
    return {
        source: (place, sha256 if not place or made_by.get(source) == READERS else f"{sha256} by {made_by.get(source)}", held)
        for source, (place, sha256, held) in store.known().items()
    }


def plan_files(
    known: Known,
    found: Sequence[tuple[Path, str]],
    roots: Sequence[Path],
    limits: Limits,
    *,
    reread: bool,
    progress: Progress | None = None,
) -> Plan:
    """Compare the files `found` (path, name) below `roots` with what is `known`; `reread` writes all documents again."""
    plan = Plan()
    places = [place_of(root) for root in roots]
    here: dict[str, _File] = {}
    shut: list[str] = []
    for done, (path, place, source) in enumerate(_named(found, known), 1):
        if progress is not None:
            progress(done, len(found), "comparing")
        try:
            here[source] = _File(path, place, content_sha256(path, limits))
        except LoadError as error:
            kept = _is_shut(path, error) and any(is_below(before, [place]) for before, _, _ in known.values())
            shut += [place] * kept
            plan.skipped.append(Skipped(source, f"{error} (kept as it was indexed before)" if kept else str(error)))
    if not here:
        return plan
    beside = {Path(file.place).parent for file in here.values()}  # folders of files that were read: they can be looked into

    def is_gone(place: str) -> bool:
        return is_below(place, places) or (place != "" and Path(place).parent in beside and not Path(place).exists())

    gone = {source for source, (place, _, _) in known.items() if source not in here and not is_below(place, shut) and is_gone(place)}
    plan.removed |= gone
    stays = {s: _File(None, place, sha256) for s, (place, sha256, _) in known.items() if s not in here and s not in gone}
    _sort_out(plan, known, here | stays, reread=reread)
    return plan


@dataclass(frozen=True, slots=True)
class _File:
    path: Path | None
    place: str
    sha256: str


def _sort_out(plan: Plan, known: Known, files: Mapping[str, _File], *, reread: bool) -> None:
    """Group files by content and find for each group what is to be done."""
    groups: dict[tuple[str, str], list[str]] = {}
    for source in sorted(files):
        groups.setdefault((files[source].sha256, Path(source).suffix.lower()), []).append(source)
    staying: set[str] = set()
    known_copies: dict[str, set[str]] = {}
    for source, (_, _, held) in known.items():
        known_copies.setdefault(held, set()).update({source} - {held})
    for (sha256, _), group in groups.items():
        stored = [known[s][2] for s in group if s in known and known[s][1] == sha256 and known[s][2] in group]
        main = stored[0] if stored else next((s for s in group if files[s].path), group[0])
        copies = {s: files[s].place for s in group if s != main}
        wanted = Wanted(main, files[main].place, files[main].path, copies=copies)
        same = [s for s in group if s in known and known[s][1] == sha256]
        plan.added |= {s for s in group if s not in known}
        plan.updated |= {s for s in group if s in known and known[s][1] != sha256}
        if stored and not reread:
            staying.add(main)
            plan.unchanged |= {s for s in same if files[s].path}
            plan.moved |= {s: files[s].place for s in group if s in known and known[s][0] != files[s].place}
            if set(copies) != known_copies[main]:
                plan.recopy.append(wanted)
        else:
            plan.write.append(wanted)
            plan.updated |= set(same) if reread else set()
            plan.unchanged |= set() if reread else {s for s in same if files[s].path}
    plan.remove |= {stored for _, _, stored in known.values()} - staying


def plan_stored(known: Known, *, reread: bool) -> Plan:
    """Keep what is there; `reread` writes all documents again from their stored text."""
    plan = Plan()
    _sort_out(plan, known, {source: _File(None, place, sha256) for source, (place, sha256, _) in known.items()}, reread=reread)
    return plan


def plan_without(known: Known, gone: Iterable[str], *, reread: bool) -> Plan:
    """Keep what is there except the documents with the names `gone`; names that are not known are passed over."""
    plan = Plan()
    plan.removed |= set(gone) & known.keys()
    staying = {source: _File(None, place, sha256) for source, (place, sha256, _) in known.items() if source not in plan.removed}
    _sort_out(plan, known, staying, reread=reread)
    return plan


def plan_documents(known: Known, documents: Iterable[Document]) -> Plan:
    """Make the index hold exactly `documents`, which come from elsewhere than files."""
    plan = Plan()
    for document in documents:
        plan.write.append(Wanted(document.source, "", document=document))
        (plan.updated if document.source in known else plan.added).add(document.source)
    plan.removed |= known.keys() - {wanted.source for wanted in plan.write}
    plan.remove |= {held for _, _, held in known.values()}
    return plan


def _named(found: Sequence[tuple[Path, str]], known: Known) -> Iterator[tuple[Path, str, str]]:
    """Each file, its place and its name, with folders before it if a document of another place, that is still there, has this name."""
    taken = {name for _, name in found}
    for path, name in found:
        place = place_of(path)
        parts = Path(place).parts
        chosen = name
        for depth in range(len(Path(name).parts) + 1, len(parts) + 1):
            other, *_ = known.get(chosen, ("", "", ""))
            if (other in ("", place) or not Path(other).exists()) and (chosen == name or chosen not in taken):
                break
            chosen = "/".join(parts[-depth:]).lstrip("/")
        taken.add(chosen)
        yield path, place, chosen


def place_of(path: Path) -> str:
    """Where a file is, fit for the database also where its name is not UTF-8."""
    return str(path.resolve()).encode("utf-8", "backslashreplace").decode()


def is_below(place: str, roots: Iterable[str]) -> bool:
    """Whether a place is one of `roots` or in one of them."""
    return any(Path(place).is_relative_to(root) for root in roots)


def _is_shut(path: Path, error: LoadError) -> bool:
    """Whether a file or folder is there but cannot be read now, which says nothing about what is in it."""
    return path.is_dir() or (isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError))
