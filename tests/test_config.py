"""Configuration: what wins over what, and what a wrong key or value is answered with."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rag.config import Config, LlmConfig, load_config
from rag.errors import ConfigError
from rag.paths import shipped

KEYS = f"Every key and its default: {shipped('rag.toml')}."

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def load(*assignments, **others):
    return load_config(assignments=assignments, **{"environment": {}, **others})


def refused(*assignments, **others):
    with pytest.raises(ConfigError) as caught:
        load(*assignments, **others)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def toml(text, name="rag.toml"):
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_defaults_are_the_product_as_installed():
    config = load()
    assert config == Config()
    assert (config.index.path, config.embedding.model, config.llm.model) == (Path("index/default"), "builtin", "extractive")


def test_the_example_file_shows_every_key_with_its_default():
    example = (ROOT / "rag.toml").read_text(encoding="utf-8")
    assert load(file=ROOT / "rag.toml") == Config()
    written = tomllib.loads(example.replace("# base_url", "base_url").replace("# url", "url"))
    assert {section: set(table) for section, table in written.items()} == {
        section: set(table) for section, table in Config().model_dump().items()
    }


def test_a_path_may_begin_with_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ana")
    config = load("index.path=~/one", 'chat.collections=["~/two", "three"]')
    assert (config.index.path, config.chat.collections) == (Path("/home/ana/one"), (Path("/home/ana/two"), Path("three")))


def test_flags_win_over_environment_over_file_over_defaults():
    toml('[llm]\nmodel = "file"\nmax_tokens = 1\nmax_retries = 1\n[retrieval]\npassages = 3\n')
    environment = {"RAG_LLM__MODEL": "environment", "RAG_LLM__MAX_TOKENS": "2", "PATH": "/bin"}
    config = load("llm.model=flag", environment=environment)
    assert (config.llm.model, config.llm.max_tokens, config.llm.max_retries, config.llm.temperature) == ("flag", 2, 1, 0.0)
    assert config.retrieval.passages == 3


def test_index_by_flag_environment_and_file():
    toml('[index]\npath = "file"')
    assert load().index.path == Path("file")
    assert load(environment={"RAG_INDEX": "environment"}).index.path == Path("environment")
    assert load("index.path=flag", environment={"RAG_INDEX": "environment"}).index.path == Path("flag")
    assert load("index.path=flag", index=Path("last")).index.path == Path("last")


def test_a_named_file_is_read_instead_of_the_one_in_the_folder():
    toml("[retrieval]\npassages = 3")
    assert load(file=toml("[retrieval]\ncandidates = 4", "other.toml")).retrieval == Config().retrieval.model_copy(update={"candidates": 4})


@pytest.mark.parametrize(
    ("assignment", "section", "key", "value"),
    [
        ("llm.model=openai:gpt-5-mini", "llm", "model", "openai:gpt-5-mini"), ('llm.model="a b"', "llm", "model", "a b"),
        ("llm.model=1.5", "llm", "model", "1.5"),
        ("llm.model=2024-01-01", "llm", "model", "2024-01-01"), ("llm.model = true ", "llm", "model", "true"),
        ("index.path=2024", "index", "path", Path("2024")),
        ("llm.base_url=http://127.0.0.1:8080/v1", "llm", "base_url", "http://127.0.0.1:8080/v1"),
        ("llm.base_url=http://a?b=c", "llm", "base_url", "http://a?b=c"),
        ("llm.temperature=1", "llm", "temperature", 1.0), ("retrieval.passages=12", "retrieval", "passages", 12),
        ("llm.device=cuda", "llm", "device", "cuda"),
    ],
)  # fmt: skip
def test_set(assignment, section, key, value):
    assert getattr(getattr(load(assignment), section), key) == value


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("retrieval.pasages=3", "Unknown key 'retrieval.pasages' in --set; the nearest is 'retrieval.passages'."),
        ("retreival.passages=3", "Unknown key 'retreival' in --set; the nearest is 'retrieval'."),
        ("llm.model.name=x", "Unknown key 'llm.model.name' in --set; the nearest is 'llm.model'."),
        ("llm=x", "--set 'llm=x' is not of the form section.key=value, for example --set llm.model=extractive."),
        ("verbose", "--set 'verbose' is not of the form section.key=value, for example --set llm.model=extractive."),
        (
            "answer.threshold=2",
            f"answer.threshold = 2 cannot be used: input should be less than or equal to 1. {KEYS}",
        ),
        ("llm.device=gpu", f"llm.device = 'gpu' cannot be used: input should be 'cpu', 'cuda' or 'mps'. {KEYS}"),
        (
            "llm.timeout_seconds=inf",
            f"llm.timeout_seconds = inf cannot be used: input should be a finite number. {KEYS}",
        ),
    ],
)
def test_wrong_keys_and_values_are_named_with_the_cure(assignment, message):
    assert refused(assignment) == message


@pytest.mark.parametrize(
    "assignment",
    ["llm.temperature=nan", "retrieval.passages=0", "retrieval.passages=1\nx=2", "split.target_characters=1e9", "load.max_megabytes=-1"],
)
def test_values_out_of_range(assignment):
    assert assignment.partition("=")[0] in refused(assignment)


def test_passages_cannot_be_shorter_than_their_target():
    assert "max_characters must be at least target_characters, 900" in refused("split.max_characters=300")


def test_a_long_value_is_shortened_in_the_message():
    assert len(refused("llm.max_retries=" + "[" * 100_000)) < 300


def test_environment():
    config = load(
        environment={"RAG_LLM__MODEL": " ollama:x ", "RAG_INDEX": "", "RAG_LLM__BASE_URL": "", "RAG_PASSWORD": "s", "OTHER__X": "1"}
    )
    assert (config.llm.model, config.llm.base_url, config.index.path) == ("ollama:x", None, Path("index/default"))
    assert refused(environment={"RAG_LLM_MODLE": "x"}) == "The environment variable RAG_LLM_MODLE is not read; write RAG_LLM__MODEL."
    assert refused(environment={"RAG_INDX": "x"}) == "The environment variable RAG_INDX is not read; write RAG_INDEX."
    assert refused(environment={"RAG_LLM_MODEL": "x"}) == "The environment variable RAG_LLM_MODEL is not read; write RAG_LLM__MODEL."
    assert "Unknown key 'llm.modle' in the environment; the nearest is 'llm.model'." in refused(environment={"RAG_LLM__MODLE": "x"})
    assert "password" not in refused(environment={"RAG_LLM__MODLE": "password"})


def test_the_environment_of_the_process_is_read_when_none_is_given(monkeypatch):
    monkeypatch.setenv("RAG_RETRIEVAL__PASSAGES", "5")
    assert load_config().retrieval.passages == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[llm]\xff\xfe", "The config file rag.toml is not in UTF-8 (byte 6); save it so."), (b"[llm", "rag.toml is not valid TOML"),
        (b"a=" + b"[" * 20_000, "rag.toml is not valid TOML"),
        (b"llm = 3", "llm in rag.toml is a table: write [llm]"), (b"[[llm]]\nmodel='x'", "llm in rag.toml is a table"),
        (b"[llm]\nmodel = 3", "llm.model = 3 cannot be used"), (b"[llmm]\n", "Unknown key 'llmm' in rag.toml; the nearest is 'llm'."),
        (b"model = 'x'", "Unknown key 'model' in rag.toml"),
    ],
)  # fmt: skip
def test_damaged_files(content, message):
    toml(content)
    assert message in refused()


def test_a_file_with_a_byte_order_mark_is_read():
    toml(b"\xef\xbb\xbf[retrieval]\npassages = 2")
    assert load().retrieval.passages == 2


@pytest.mark.parametrize("path", ["missing.toml", ".", "a\0b"])
def test_files_that_cannot_be_read(path):
    assert refused(file=Path(path)).startswith("The config file ")


def test_a_config_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Config().llm.model = "x"


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_assignment_is_used_or_refused(name, value):
    for assignment in (f"{name}={value}", f"llm.{name}={value}", f"llm.model={value}", f"retrieval.passages={value}"):
        try:
            load(assignment)
        except ConfigError:
            continue


@pytest.mark.parametrize("url", ["127.0.0.1:8080/v1", "ftp://127.0.0.1/v1", "http://u:SECRET@127.0.0.1:99999/v1?key=SECRET", "http://"])
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"llm\.base_url = .* cannot be used: write it as http://127\.0\.0\.1:8080/v1") as caught:
        load_config(None, [f"llm.base_url={url}"], environment={})
    assert "SECRET" not in str(caught.value)


def test_a_key_in_the_configuration_is_sent_to_the_environment() -> None:
    with pytest.raises(ConfigError, match=r"llm\.api_key in --set is not read; .* environment variable") as caught:
        load_config(None, ["llm.api_key=SECRET"], environment={})
    assert "SECRET" not in str(caught.value)


def test_the_address_of_a_server_goes_with_its_provider() -> None:
    llm = LlmConfig(model="openai:a", base_url="http://127.0.0.1:1/v1")
    assert llm.with_model("openai:b").base_url == "http://127.0.0.1:1/v1"
    assert llm.with_model("anthropic:b").base_url is None
