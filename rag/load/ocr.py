"""Pages without a text layer read by Tesseract, a program that the system provides (Debian: tesseract-ocr, tesseract-ocr-spa).

The page is drawn by PDFium and handed over through a pipe, so nothing is written to disk; the words come back with their boxes.
"""

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.load.characters import clean
from rag.load.pdf_page import Page, Word

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

PROGRAM = "tesseract"
DOTS_PER_INCH = 300
LARGEST_SIDE = 5_000
SECONDS = 60
# Threads of its own would each take memory, and the other cores read other files.
ONE_THREAD = {"OMP_THREAD_LIMIT": "1"}
LEAST_CONFIDENCE = 30.0
# Columns of Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
WORD_LEVEL = "5"


def recognise(document: "PdfDocument", number: int, languages: str) -> Page:
    """The words that Tesseract sees on page `number` (from 0).

    Raises:
        LoadError: Tesseract is not installed, or fails.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise LoadError(
            "a scanned page cannot be read: install Tesseract (apt-get install tesseract-ocr tesseract-ocr-spa) or set load.ocr to false"
        )
    page = document[number]
    try:
        width, height = page.get_size()
        scale = min(DOTS_PER_INCH / 72, LARGEST_SIDE / max(width, height, 1.0))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        rows = bytes(bitmap.buffer)
        picture = b"".join(rows[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height))
        header = f"P5 {bitmap.width} {bitmap.height} 255\n".encode()
    finally:
        page.close()
    command = [program, "stdin", "stdout", "-l", languages, "--dpi", str(round(scale * 72)), "tsv"]
    try:
        environment = os.environ | ONE_THREAD
        result = subprocess.run(  # noqa: S603 - no shell
            command, input=header + picture, capture_output=True, timeout=SECONDS, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoadError(f"Tesseract could not read page {number + 1} ({type(error).__name__})") from error
    if result.returncode:
        said = " ".join(result.stderr.decode("utf-8", "replace").split())[:120]
        raise LoadError(f"Tesseract could not read page {number + 1} ({said}); load.ocr_languages is {languages!r}")
    return Page(tuple(_words(result.stdout.decode("utf-8", "replace"), scale)), width, height)


def _words(table: str, scale: float) -> list[Word]:
    rows = [row.split("\t") for row in table.splitlines()]
    found = [row for row in rows if len(row) == 12 and row[0] == WORD_LEVEL and row[11].strip() and float(row[10]) >= LEAST_CONFIDENCE]
    # The heights of words differ by their letters; those of a line's tallest word are the same.
    tallest: dict[tuple[str, ...], tuple[float, float]] = {}
    for row in found:
        line = tuple(row[1:5])
        top, bottom = int(row[7]) / scale, (int(row[7]) + int(row[9])) / scale
        before = tallest.get(line, (top, bottom))
        tallest[line] = min(before[0], top), max(before[1], bottom)
    words = []
    for row in found:
        top, bottom = tallest[tuple(row[1:5])]
        left, right = int(row[6]) / scale, (int(row[6]) + int(row[8])) / scale
        words += [Word(text, left, top, right, bottom, round(bottom - top, 1)) for text in clean(row[11]).split()]
    return words
