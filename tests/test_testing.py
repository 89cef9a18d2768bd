"""The shipped fakes do what they say, so that a test which uses them tests something."""

import json
import urllib.error
import urllib.request
from typing import Any

import numpy as np
import pytest

from rag.testing import ChatServer, Fault, HashEmbedder, Reply, Request


def post(server: ChatServer, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(server.base_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def chat(server: ChatServer, text: str = "Hi") -> str:
    return post(server, "/chat/completions", {"messages": [{"role": "user", "content": text}]})["choices"][0]["message"]["content"]


def test_the_hash_embedder_knows_words_without_case_and_accents() -> None:
    embedder = HashEmbedder(dimension=256)
    vectors = embedder.encode_documents(["Artículo cuatro", "ARTICULO, cuatro!", "artículo ocho", "", "perro gato"])
    assert (vectors.dtype, vectors.shape) == (np.float32, (5, 256))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0, 1])
    assert vectors[0] @ vectors[1] == pytest.approx(1.0)
    assert vectors[0] @ vectors[2] == pytest.approx(0.5)
    assert vectors[0] @ vectors[4] == pytest.approx(0.0)
    assert np.array_equal(embedder.encode_queries(["artículo ocho"])[0], vectors[2])
    assert embedder.fingerprint == "hash-256"
    assert embedder.encode_documents([]).shape == (0, 256)


def test_the_hash_embedder_is_the_same_in_every_process() -> None:
    (vector,) = HashEmbedder(dimension=8).encode_documents(["the term of the Congress"])
    assert vector.tolist() == pytest.approx([0, 0, 0, 0, 0, 1 / 5**0.5, 0, -2 / 5**0.5])


def test_a_script_is_followed_and_its_last_reply_repeats() -> None:
    with ChatServer(["one", "two"]) as server:
        assert [chat(server) for _ in range(4)] == ["one", "two", "two", "two"]
        assert [request.body["messages"][0]["content"] for request in server.requests] == ["Hi"] * 4


def test_a_reply_can_depend_on_the_request() -> None:
    def reply(request: Request) -> Reply:
        return request.body["messages"][-1]["content"].upper() + request.headers["content-type"]

    with ChatServer(reply) as server:
        assert chat(server, "hello ") == "HELLO application/json"


def test_a_status_is_sent_as_often_as_the_script_says() -> None:
    with ChatServer([Fault("status", status=429), "fine"]) as server:
        with pytest.raises(urllib.error.HTTPError, match="429") as caught:
            chat(server)
        caught.value.close()
        assert chat(server) == "fine"


@pytest.mark.parametrize("kind", ["cut", "end_early", "malformed"])
def test_a_reply_that_is_not_streamed_can_be_damaged(kind: Any) -> None:
    with ChatServer([Fault(kind)]) as server, pytest.raises(json.JSONDecodeError):
        chat(server)


def test_a_stream_has_one_event_per_word() -> None:
    with ChatServer(["Four years."]) as server:
        request = urllib.request.Request(server.base_url + "/chat/completions", b'{"stream": true}')
        with urllib.request.urlopen(request, timeout=5) as response:
            events = [line.removeprefix("data: ") for line in response.read().decode().split("\n\n") if line]
    assert [json.loads(event)["choices"][0]["delta"] for event in events[:2]] == [
        {"role": "assistant", "content": "Four "},
        {"role": "assistant", "content": "years."},
    ]
    assert json.loads(events[2])["choices"][0]["finish_reason"] == "stop"
    assert events[3:] == ["[DONE]"]


def test_embeddings_are_those_of_the_hash_embedder() -> None:
    with ChatServer([]) as server:
        data = post(server, "/embeddings", {"input": ["the term", "the law"]})["data"]
        assert server.requests[0].path == "/v1/embeddings"
    assert np.allclose([row["embedding"] for row in data], HashEmbedder().encode_documents(["the term", "the law"]))


def test_an_unknown_path_is_not_found() -> None:
    with ChatServer(["x"]) as server, pytest.raises(urllib.error.HTTPError, match="404") as caught:
        post(server, "/audio", {})
    caught.value.close()


def test_a_hanging_reply_does_not_hold_up_the_end() -> None:
    with ChatServer([Fault("hang", seconds=60)]) as server, pytest.raises(TimeoutError):
        urllib.request.urlopen(urllib.request.Request(server.base_url + "/chat/completions", b'{"stream": false}'), timeout=0.2)
