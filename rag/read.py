"""Reads a passage with a question in mind: is the question answered here, and where?

A small cross-encoder over question and passage together, in English and Spanish and across the two, with two heads: answerability, and the
two ends of the answer (Devlin et al. 2019, BERT, as for SQuAD 2.0, where position 0 means "nowhere"). The same encoder places a text that
it reads alone: the mean of its states is the text's contextual vector (Reimers & Gurevych 2019, Sentence-BERT), questions and passages of
both languages in one space. It runs on onnxruntime, one window of tokens at a time: in int8 a batch would share one scale, so that a
passage's score would depend on its neighbours.

It does not know where passages come from, nor what is done with the scores. Nothing heavy is imported until a Reader is made.
"""

import gzip
import json
import math
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from rag.embed import read_verified
from rag.errors import ModelError
from rag.heads import STATES
from rag.lines import LineHead
from rag.paths import MODELS
from rag.sufficiency import Seen, SufficiencyHead
from rag.whole_words import READING, reads_whole_words

__all__ = ["CONTEXTUAL_DIMENSION", "Reader", "Reading", "contextual_fingerprint"]

Scores = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

CONTEXTUAL_DIMENSION = 384
"""Length of a contextual vector."""

_THREADS = 2
_OVERLAP = 64
_LINE_TOKENS = 120
_LONGEST_ANSWER = 40
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says to one question.

    `answerable` is the probability that the text answers it, `start` and `end` the characters of the likeliest answer in the text (given
    whatever the probability is), `span_score` how far that span's logits are above those of "nowhere": above 0 it is preferred to silence.
    """

    answerable: float
    start: int
    end: int
    span_score: float


NOTHING = Reading(0.0, 0, 0, -math.inf)
"""What a text says that holds nothing but white space and control characters."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Logits of one window: the log-odds that it answers, those of "nowhere", and per token its characters and its logits as either end.

    `states` are those before the last layer, in half precision, of all tokens: the question's, the text's and a last one.
    """

    answered: float
    nowhere: float
    offsets: npt.NDArray[np.int64]
    starts: Scores
    ends: Scores
    states: npt.NDArray[np.float16]

    def inside(self, start: int, end: int) -> npt.NDArray[np.intp]:
        """The tokens that lie in the characters `start:end`."""
        return np.flatnonzero((self.offsets[:, 0] >= start) & (self.offsets[:, 1] <= end))

    def log_odds(self, tokens: npt.NDArray[np.intp]) -> float:
        """How likely the answer lies in `tokens`: the logarithm of the odds against "nowhere", both ends summed over them."""
        return float(np.logaddexp.reduce(self.starts[tokens]) + np.logaddexp.reduce(self.ends[tokens]) - self.nowhere)


class Reader:
    """The built-in reader; may be shared between threads, and gives the same text the same scores whatever it is read with.

    Args:
        models: the folder that holds `manifest.json` and `reader/`.

    Raises:
        ModelError: onnxruntime is missing, or a file is missing or does not match its sha256.
    """

    def __init__(self, models: Path = MODELS) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise ModelError("The reader needs onnxruntime; run `pip install onnxruntime`.") from error
        except ImportError as error:
            raise ModelError(f"The reader cannot load onnxruntime ({error}); install it again with pip.") from error
        from tokenizers import Tokenizer

        files, revision = read_verified(models, "reader")
        settings = json.loads(files["config.json"])
        self._tokenizer = reads_whole_words(Tokenizer.from_buffer(gzip.decompress(files["tokenizer.json.gz"])))
        self._tokens = int(settings["tokens"])
        self._question_tokens = int(settings["question_tokens"])
        self._calibration = settings["calibration"]
        self._first, self._last = int(settings["first"]), int(settings["last"])
        options = onnxruntime.SessionOptions()
        # Windows run side by side in `_pool`: faster than two threads inside one window, and no thread of onnxruntime's waits spinning.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        onnxruntime.disable_telemetry_events()
        graph = files["model.onnx"] + _also_returning(STATES)
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._run_options = onnxruntime.RunOptions()
        self._run_options.only_execute_path_to_fetches = True
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="reader")
        self._remembered: OrderedDict[tuple[str, str], list[_Window]] = OrderedDict()
        self._lock = Lock()
        self._revision, self._models = revision, models

    @cached_property
    def _lines(self) -> LineHead:
        return LineHead(self._models)

    @cached_property
    def _sufficiency(self) -> SufficiencyHead:
        return SufficiencyHead(self._models)

    @property
    def fingerprint(self) -> str:
        """Which reader this is, with its further heads, and how it reads: "reader@1a2b3c4d+5e6f7a8b+9c0d1e2f/whole-words"."""
        return f"reader@{self._revision}+{self._lines.revision}+{self._sufficiency.revision}/{READING}"

    @property
    def contextual_fingerprint(self) -> str:
        """Which contextual vectors `encode` gives: "contextual@1a2b3c4d/whole-words"."""
        return _fingerprint(self._revision)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """The contextual vector of each text (len(texts) x 384), of length 1, or zeros for a text without any token.

        A text's vector does not depend on which texts are encoded with it. What does not fit in one window (254 tokens, some 1,100
        characters) is cut off: a longer passage is placed by its title, its headings and its beginning.
        """
        encodings = self._tokenizer.encode_batch([_clean(text) for text in texts], add_special_tokens=False)
        jobs = [self._pool.submit(self._place, encoding.ids[: self._tokens - 2]) for encoding in encodings]
        return np.stack([job.result() for job in jobs]) if jobs else np.zeros((0, CONTEXTUAL_DIMENSION), dtype=np.float32)

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """One Reading per text; a text that is too long for one window is read in several that overlap, and the likeliest one counts."""
        return [
            max((_reading(window) for window in windows), key=lambda r: r.answerable, default=NOTHING)
            for windows in self._look(question, texts)
        ]

    def sentence_scores(self, question: str, text: str, spans: Sequence[tuple[int, int]]) -> Scores:
        """For each span of `text`, how likely the answer lies in it: the logarithm of the odds against "nowhere", comparable inside a text.

        Both ends are summed over the tokens of the span, and the best window counts. A span without any token gets -inf.
        """
        best = np.full(len(spans), -np.inf)
        for window in self._look(question, [text])[0]:
            for number, (start, end) in enumerate(spans):
                tokens = window.inside(start, end)
                if len(tokens):
                    best[number] = max(best[number], window.log_odds(tokens))
        return best

    def sufficiency(self, question: str, spans: Sequence[tuple[str, int, int]], known: Matrix) -> Scores:
        """For each span (text, start, end), the log-odds that it answers against "none of them"; their odds may be summed.

        Args:
            question: what is asked.
            spans: sentences that the reader has looked at with it; each counts in the window where it scores best.
            known: what words and reader say of each (len(spans) x 3), see `rag.select.known_of`.

        Raises:
            ModelError: a file of `rag.sufficiency` is missing or does not match its sha256.
        """
        scores = np.full(len(spans), -np.inf)
        seen = self.sentence_states(question, spans)
        places = [place for place, one in enumerate(seen) if one]
        scores[places] = self._sufficiency.log_odds([one for one in seen if one], known[places])
        return scores

    def sentence_states(self, question: str, spans: Sequence[tuple[str, int, int]]) -> list[Seen | None]:
        """The states that `rag.sufficiency` works on, with the span's tokens among them; None for a span without any token."""
        found: list[Seen | None] = []
        for (_, start, end), windows in zip(spans, self._look(question, [text for text, _, _ in spans]), strict=True):
            inside = [(window, tokens) for window in windows if len(tokens := window.inside(start, end))]
            if not inside:
                found.append(None)
                continue
            window, tokens = max(inside, key=lambda one: one[0].log_odds(one[1]))
            before = len(window.states) - len(window.offsets) - 1
            found.append(Seen(window.states, before + int(tokens[0]), before + int(tokens[-1]) + 1, window.answered))
        return found

    def line_scores(self, question: str, lines: Sequence[str]) -> Scores:
        """For each line, below its title as "title\\nline", the log-odds that it answers; what is beyond 120 tokens is cut off.

        A line's score does not depend on the others.

        Raises:
            ModelError: a file of `rag.lines` is missing or does not match its sha256.
        """
        return self._lines.log_odds(self.line_states(question, lines))

    def line_states(self, question: str, lines: Sequence[str]) -> list[Matrix]:
        """The states that `rag.lines` works on (tokens x 384 for each line)."""
        head = self._head(question)
        encodings = self._tokenizer.encode_batch([_clean(line) for line in lines], add_special_tokens=False)
        windows = [_window(head, encoding.ids[:_LINE_TOKENS], self._last) for encoding in encodings]
        jobs = [self._pool.submit(self._session.run, [STATES], window, self._run_options) for window in windows]
        return [job.result()[0][0] for job in jobs]

    def _head(self, question: str) -> list[int]:
        asked = self._tokenizer.encode(_clean(question), add_special_tokens=False).ids[: self._question_tokens]
        return [self._first, *asked, self._last]

    def _look(self, question: str, texts: Sequence[str]) -> list[list[_Window]]:
        """The windows of each text; the latest are remembered, because abstention and quotation ask about the same passages."""
        with self._lock:
            known = {text: self._remembered[question, text] for text in texts if (question, text) in self._remembered}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            head = self._head(question)
            encodings = self._tokenizer.encode_batch([_clean(text) for text in missing], add_special_tokens=False)
            jobs = []
            for encoding in encodings:
                ids, offsets = encoding.ids, np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
                parts = _cuts(len(ids), self._tokens - len(head) - 1)
                jobs.append([self._pool.submit(self._run, head, ids[start:end], offsets[start:end]) for start, end in parts])
            known |= {text: [job.result() for job in windows] for text, windows in zip(missing, jobs, strict=True)}
            with self._lock:
                self._remembered |= {(question, text): known[text] for text in missing}
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return [known[text] for text in texts]

    def _place(self, text: list[int]) -> Matrix:
        if not text:
            return np.zeros(CONTEXTUAL_DIMENSION, dtype=np.float32)
        ids = np.array([[self._first, *text, self._last]], dtype=np.int64)
        mean: Matrix = self._session.run(["pooled"], {"ids": ids, "types": np.zeros_like(ids)}, self._run_options)[0][0].astype(np.float32)
        return mean / np.linalg.norm(mean)

    def _run(self, head: list[int], passage: list[int], offsets: npt.NDArray[np.int64]) -> _Window:
        window = _window(head, passage, self._last)
        logit, spans, states = self._session.run(["answerable", "spans", STATES], window, self._run_options)
        ends = spans[0].astype(np.float64)
        inside = ends[len(head) : -1]
        seen = _Window(0.0, float(ends[0].sum()), offsets, inside[:, 0], inside[:, 1], states[0].astype(np.float16))
        margin = _best_span(seen)[2] - seen.nowhere
        log_odds = self._calibration["bias"] + self._calibration["answerable"] * float(logit[0]) + self._calibration["span"] * margin
        return replace(seen, answered=log_odds)


def _window(head: list[int], passage: list[int], last: int) -> dict[str, npt.NDArray[np.int64]]:
    """What the graph is given: ids, and types that are 1 for the passage."""
    ids = np.array([[*head, *passage, last]], dtype=np.int64)
    types = np.zeros_like(ids)
    types[0, len(head) : -1] = 1
    return {"ids": ids, "types": types}


def _also_returning(tensor: str) -> bytes:
    """What makes a stored ONNX graph return one tensor more: serialised messages that follow each other are merged (protocol buffers).

    It is ModelProto.graph (field 7), GraphProto.output (12), ValueInfoProto.name (1), each with its length before it.
    """
    message = tensor.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return message


def contextual_fingerprint(models: Path = MODELS) -> str:
    """Which contextual vectors a reader of these models gives, without making one.

    Raises:
        ModelError: a file is missing or does not match its sha256.
    """
    return _fingerprint(read_verified(models, "reader")[1])


def _fingerprint(revision: str) -> str:
    return f"contextual@{revision}/{READING}"


def _reading(window: _Window) -> Reading:
    first, last, score = _best_span(window)
    answerable = 1 / (1 + math.exp(-max(-60.0, min(60.0, window.answered))))
    return Reading(answerable, int(window.offsets[first, 0]), int(window.offsets[last, 1]), score - window.nowhere)


def _best_span(window: _Window) -> tuple[int, int, float]:
    """First and last token of the span with the highest sum of logits, and that sum; at most `_LONGEST_ANSWER` tokens."""
    count = len(window.starts)
    sums = window.starts[:, None] + window.ends[None, :]
    length = np.arange(count)[None, :] - np.arange(count)[:, None]
    sums[(length < 0) | (length >= _LONGEST_ANSWER)] = -np.inf
    first, last = divmod(int(sums.argmax()), count)
    return first, last, float(sums[first, last])


def _cuts(count: int, room: int) -> list[tuple[int, int]]:
    """Windows of one length, as few as there can be of at most `room` tokens, that overlap by `_OVERLAP` or more and cover `count`."""
    if count <= room:
        return [(0, count)] if count else []
    windows = math.ceil((count - _OVERLAP) / (room - _OVERLAP))
    length = math.ceil((count + _OVERLAP * (windows - 1)) / windows)
    starts = [number * (count - length) // (windows - 1) for number in range(windows)]
    return [(start, start + length) for start in starts]


def _clean(text: str) -> str:
    # A lone surrogate, as a damaged argument or file may hold, is no valid text for the tokenizer; one sign stands for one sign.
    return text.encode("utf-8", "replace").decode("utf-8")
