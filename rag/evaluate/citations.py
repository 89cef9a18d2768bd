"""Citation metrics as pure functions of spans: how much of what is cited is evidence, how much of the evidence is cited, what is supported.

A span is (source, start, end) in characters, end exclusive. Alternatives are gold spans each of which alone would do. These functions know
neither answers nor passages; whether a sentence is supported by some of its citations is asked of the caller.
"""

from collections.abc import Callable, Iterable, Sequence

Span = tuple[str, int, int]


def span_precision(cited: Sequence[Span], gold: Sequence[Span]) -> float:
    """Characters that are cited and gold / characters that are cited; overlapping spans count once. 0 without citations.

    Character-level precision as for passages of SQuAD-like data (Rajpurkar et al. 2016), on positions instead of words.
    """
    total = _length(_merged(cited))
    return _shared(_merged(cited), _merged(gold)) / total if total else 0.0


def span_recall(cited: Sequence[Span], alternatives: Sequence[Span]) -> float:
    """The largest share of the characters of one alternative that is cited. 0 without alternatives."""
    union = _merged(cited)
    return max((_shared(union, [span]) / (span[2] - span[1]) for span in alternatives if span[2] > span[1]), default=0.0)


def evidence_precision(cited: Sequence[Span], gold: Sequence[Span]) -> float:
    """Citations that share a character with a gold span / citations. 0 without citations."""
    return sum(any(_shared([span], [other]) for other in gold) for span in cited) / len(cited) if cited else 0.0


def coverage(citations_per_sentence: Sequence[int]) -> float:
    """Sentences with at least one citation / sentences. 0 without sentences.

    The part of citation recall that needs no judge: Liu, Zhang & Liang (2023), Evaluating verifiability in generative search engines.
    """
    return sum(count > 0 for count in citations_per_sentence) / len(citations_per_sentence) if citations_per_sentence else 0.0


def support_recall(supported: Sequence[bool]) -> float:
    """Sentences that their citations support together / sentences. Gao et al. (2023), ALCE, section 3; the judge is the caller's."""
    return sum(supported) / len(supported) if supported else 0.0


def support_precision(sentences: Sequence[tuple[Sequence[int], Callable[[Sequence[int]], bool]]]) -> float:
    """Citations that are needed or enough / citations, over all sentences. 0 without citations.

    Each sentence is its citations and a judge, which says whether the sentence is supported by a selection of them. A citation counts if
    the sentence is supported by all of its citations and either by this one alone, or no longer without it. Gao et al. (2023), ALCE.
    """
    useful = total = 0
    for cited, is_supported in sentences:
        total += len(cited)
        if not cited or not is_supported(cited):
            continue
        for one in cited:
            others = [other for other in cited if other != one]
            useful += is_supported([one]) or not (others and is_supported(others))
    return useful / total if total else 0.0


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same characters as spans that do not overlap."""
    merged: list[Span] = []
    for source, start, end in sorted(spans):
        if merged and merged[-1][0] == source and start <= merged[-1][2]:
            merged[-1] = (source, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((source, start, end))
    return merged


def _length(spans: Iterable[Span]) -> int:
    return sum(max(0, end - start) for _, start, end in spans)


def _shared(ours: Sequence[Span], theirs: Sequence[Span]) -> int:
    """Characters in both of two lists that do not overlap within themselves."""
    return sum(max(0, min(a[2], b[2]) - max(a[1], b[1])) for a in ours for b in theirs if a[0] == b[0])
