"""Many people asking at once: `python -m benchmarks.load --index index/demo [--askers 50] [--seconds 300] [--questions 1000]`.

Starts `rag chat` on a free port of this machine, measures how soon the page is there and the first question answered, lets a crowd ask for
some time (each asks again a moment after it has got the answer), and then asks a thousand questions one after another, looking at the
memory of the server. Prints what was measured beside the goals of the page. It does not drive a browser.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

QUESTIONS = (
    "What does Article 4 of the new treaty permit?",
    "¿Qué permite el artículo 4 del nuevo tratado?",
    "What does a copy of a lost library card cost?",
    "¿Dónde se saca la licencia de pesca?",
    "Why did Pyongyang's attitude to China cool?",
    "How many freight trains may run in one night?",
    "how do I reset my router password",
    "What does Article 57 of the Sarmenor agreement say?",
    "¿Cuánto cuesta la copia de un carné perdido?",
)
MEBIBYTE = 2**20
START_SECONDS = 60


@dataclass(slots=True)
class Measured:
    """Seconds of each question, to the first words and to the end, and what went wrong."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("index/demo"))
    parser.add_argument("--askers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between an answer and the next question, on average")
    parser.add_argument("--questions", type=int, default=1_000, help="questions asked one after another for the memory")
    options = parser.parse_args()
    asyncio.run(measure(options))


async def measure(options: argparse.Namespace) -> None:
    """All measurements on one server."""
    with serving(options.index) as (address, pid, started):
        page = await until_served(address, started)
        row("page served, from the start of rag chat", f"{page:.2f} s", "interactive in under 2 s")
        async with visitor(address) as client:
            await ask(client, QUESTIONS[0], Measured())
            row("first answer possible, from the start of rag chat", f"{time.monotonic() - started:.2f} s", "")
            await warm(client)
            alone = Measured()
            for _ in range(20):
                await ask(client, random.choice(QUESTIONS), alone)
            row("first words, one asker, median", f"{1000 * statistics.median(alone.first):.0f} ms", "under 300 ms")
        crowd = await crowded(address, options.askers, options.seconds, options.pause)
        name = f"{options.askers} askers for {options.seconds:.0f} s, {options.pause:g} s between questions"
        row(f"{name}: questions", str(len(crowd.whole)), "")
        row(f"{name}: faults", str(len(crowd.faults)), "0")
        row(f"{name}: p50 / p95", " / ".join(f"{quantile(crowd.whole, q):.2f}" for q in (50, 95)) + " s", "p95 under 2 s")
        for fault in sorted(set(crowd.faults))[:3]:
            print("   ", fault)
        await memory(address, pid, options.questions)


async def memory(address: str, pid: int, questions: int) -> None:
    """One visitor asks one question after another; the memory of the server is looked at after each tenth of them."""
    sizes = [resident(pid)]
    alone = Measured()
    async with visitor(address) as client:
        for _ in range(10):
            for _ in range(questions // 10):
                await ask(client, random.choice(QUESTIONS), alone)
            sizes.append(resident(pid))
    row(f"memory while {questions} questions were asked, each tenth", " ".join(f"{size:.0f}" for size in sizes) + " MiB", "flat")
    row("faults", str(len(alone.faults)), "0")


async def crowded(address: str, askers: int, seconds: float, pause: float) -> Measured:
    """Let `askers` visitors ask until `seconds` are over."""
    measured = Measured()
    end = time.monotonic() + seconds

    async def asker() -> None:
        async with visitor(address) as client:
            await asyncio.sleep(random.uniform(0, pause))
            while time.monotonic() < end:
                await ask(client, random.choice(QUESTIONS), measured)
                await asyncio.sleep(random.uniform(0.5, 1.5) * pause)

    await asyncio.gather(*(asker() for _ in range(askers)))
    return measured


async def ask(client: httpx.AsyncClient, question: str, measured: Measured) -> None:
    """One question, as the page asks it."""
    began = time.monotonic()
    first = 0.0
    last: dict[str, object] = {}
    try:
        message = {"conversation": "load", "question": question}
        joined = await client.post("/gradio_api/call/ask", json={"data": [message]})
        joined.raise_for_status()
        async with client.stream("GET", f"/gradio_api/call/ask/{joined.json()['event_id']}") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: [{"):
                    last = json.loads(line[6:])[0]
                    if not first and ("part" in last or "sources" in last):
                        first = time.monotonic() - began
    except httpx.HTTPError as error:
        measured.faults.append(f"{type(error).__name__}: {error}")
        return
    if "sources" not in last or 'class="box fault"' in str(last.get("html")):
        measured.faults.append(str(last)[:200])
        return
    measured.first.append(first)
    measured.whole.append(time.monotonic() - began)


async def warm(client: httpx.AsyncClient) -> None:
    """Each question once, so that nothing is loaded while it is measured."""
    for question in QUESTIONS:
        await ask(client, question, Measured())


@asynccontextmanager
async def visitor(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has opened the page."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        (await client.get("/")).raise_for_status()
        yield client


@contextmanager
def serving(index: Path) -> Iterator[tuple[str, int, float]]:
    """`rag chat` on a free port: its address, its process, and when it was started."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "rag",
        "chat",
        "--index",
        str(index),
        "--port",
        str(port),
        "--set",
        "chat.questions_per_minute=1000000",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            yield f"http://127.0.0.1:{port}", server.pid, started
        finally:
            server.terminate()


async def until_served(address: str, started: float) -> float:
    """Seconds from the start until the page is there."""
    async with httpx.AsyncClient(base_url=address) as client:
        while time.monotonic() - started < START_SECONDS:
            try:
                (await client.get("/")).raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.01)
            else:
                return time.monotonic() - started
    raise SystemExit(f"rag chat did not answer within {START_SECONDS} seconds")


def resident(pid: int) -> float:
    """Memory of a process, in MiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / MEBIBYTE if found else float("nan")


def quantile(values: list[float], percent: int) -> float:
    """The value under which `percent` of a hundred are; nan of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


def row(what: str, value: str, goal: str) -> None:
    """One line of the result."""
    print(f"{what:<75} {value:<24} {goal}", flush=True)


if __name__ == "__main__":
    main()
