"""Dates in words."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.dates import written


@pytest.mark.parametrize(
    ("date", "english", "spanish"),
    [
        ("2024-07-05", "5 July 2024", "5 de julio de 2024"),
        ("2019-12-31", "31 December 2019", "31 de diciembre de 2019"),
        ("2024-01", "January 2024", "enero de 2024"),
        ("1889", "1889", "1889"),
    ],
)
def test_iso_dates(date, english, spanish):
    assert (written(date, "en"), written(date, "es")) == (english, spanish)


@pytest.mark.parametrize(
    "text",
    ["", "-", "2024-", "2024-13", "2024-00-01", "2024-07-32", "2024-07-00",
     "July 2024", "2024-7-5", "20240705", "24-07-05", "2024-²", "٢٠٢٤", "2024-07-05T10:00", "2024-07-05\n"]
)  # fmt: skip
def test_anything_else_stays(text):
    assert (written(text, "en"), written(text, "es")) == (text, text)


@settings(deadline=None)
@given(st.dates())
def test_every_day_is_written_in_full(day: dt.date):
    assert written(day.isoformat(), "en").split() == [str(day.day), written(f"0001-{day.month:02}", "en").split()[0], f"{day.year:04}"]
    assert written(day.isoformat(), "es").count(" de ") == 2
