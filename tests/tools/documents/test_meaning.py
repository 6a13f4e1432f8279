"""With an embedding model, passages are found by what they mean too; vectors are asked for once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.chat_servers import Lab, chat_server
from servers.http_server import Response

from gleanery.errors import EndpointError, ModelError, ReplyError
from gleanery.models.embedding import SyncEmbedder
from gleanery.models.opening import Models
from gleanery.models.portal import Portal
from gleanery.models.wire import recording
from gleanery.tools.documents.library import Library
from gleanery.tools.documents.ranking import fused

TOPICS = ({"car", "automobile", "vehicle"}, {"cat", "feline"}, {"tree", "oak"})


def by_topic(text: str) -> list[float]:
    """A vector that tells the topics of a text, as a good model would."""
    words = {word.strip(".?").lower() for word in text.split()}
    return [float(len(words & topic)) for topic in TOPICS] + [0.01]


@pytest.fixture(params=["ollama", "openai"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with chat_server(request.param, embedding=by_topic) as lab:
        yield lab


@pytest.fixture
def embedder(lab: Lab) -> Iterator[SyncEmbedder]:
    with Portal() as portal:
        models = Models({"lab": lab.endpoint(patience=0.2)})
        yield SyncEmbedder(portal.run(models.open_embedder(lab.address)), portal.run)
        portal.run(models.aclose())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, text in {"a": "The automobile is fast.", "b": "A feline sleeps.", "c": "An oak is old."}.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def asked(lab: Lab) -> list[list[str]]:
    """The texts of the embedding requests, without that which finds out the size of a vector."""
    bodies: list[Any] = [r.json() for r in lab.server.requests if r.path in ("/api/embed", "/v1/embeddings")]
    return [body["input"] for body in bodies if body["input"] != ["."]]


def test_other_words_of_the_same_meaning_are_found(folder: Path, embedder: SyncEmbedder) -> None:
    assert Library(folder).search("vehicle") == []
    assert [p.source for p in Library(folder, embedder=embedder).search("vehicle", 1)] == ["a.txt"]
    both = Library(folder, embedder=embedder).search("cat or oak", 2)
    assert [p.source for p in both] == ["c.txt", "b.txt"], "the word itself counts too"


def test_each_content_is_embedded_once(folder: Path, embedder: SyncEmbedder, lab: Lab, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    library = Library(folder, cache=cache, embedder=embedder)
    library.search("cat")
    assert asked(lab) == [["The automobile is fast.", "A feline sleeps.", "An oak is old."], ["cat"]]
    (folder / "d.txt").write_text("A tree.")
    (folder / "b.txt").unlink()
    (folder / "copy.txt").write_text("An oak is old.")
    library.search("tree")
    assert asked(lab)[2:] == [["A tree."], ["tree"]]
    again = Library(folder, cache=cache, embedder=embedder)
    assert [p.source for p in again.search("feline tree", 1)] == ["d.txt"]
    assert asked(lab)[4:] == [["feline tree"]], "nor by another process"


def test_what_was_embedded_before_a_failure_is_kept(
    folder: Path, embedder: SyncEmbedder, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gleanery.tools.documents.meaning.TOGETHER", 1)
    kind = "error" if lab.kind == "ollama" else "message"

    def breaking(text: str) -> list[float] | Response:
        return Response.json({kind: "no"}, 500) if "oak" in text else by_topic(text)

    lab.server.embedding = breaking
    with pytest.raises(ModelError):
        Library(folder, cache=tmp_path / "cache", embedder=embedder).update()
    lab.server.embedding = by_topic
    lab.server.requests.clear()
    Library(folder, cache=tmp_path / "cache", embedder=embedder).update()
    assert asked(lab) == [["An oak is old."]]


def test_every_embedding_call_is_on_the_wire_record(folder: Path, embedder: SyncEmbedder, lab: Lab) -> None:
    with recording() as exchanges:
        Library(folder, embedder=embedder).search("vehicle")
    assert [(e.purpose, e.model) for e in exchanges] == [("embed", lab.address)] * 3
    assert "The automobile is fast." in exchanges[1].request and '"vehicle"' in exchanges[2].request


def test_a_lost_server_is_an_error_and_no_worse_result(folder: Path, embedder: SyncEmbedder, lab: Lab) -> None:
    library = Library(folder, embedder=embedder)
    library.update()
    lab.server.stop_listening()
    with pytest.raises(EndpointError):
        library.search("automobile")


def test_another_model_of_the_same_name_has_vectors_of_its_own(
    folder: Path, embedder: SyncEmbedder, lab: Lab, tmp_path: Path
) -> None:
    library = Library(folder, cache=tmp_path / "cache", embedder=embedder)
    library.update()
    lab.server.embedding = lambda text: [float("oak" in text), 0.1]
    with pytest.raises(ReplyError, match="another size"):
        library.search("oak")
    anew = Library(folder, cache=tmp_path / "cache", embedder=embedder)
    assert [passage.source for passage in anew.search("oak", 1)] == ["c.txt"]


def test_threads_search_while_files_change(folder: Path, embedder: SyncEmbedder) -> None:
    library = Library(folder, embedder=embedder)
    failures: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(10):
                assert library.search("vehicle", 1)[0].source == "a.txt"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        (folder / "changing.txt").write_text(f"A tree, number {number}.")
        library.update()
        (folder / "changing.txt").unlink()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_empty_folder_asks_nothing(tmp_path: Path, embedder: SyncEmbedder, lab: Lab) -> None:
    assert Library(tmp_path, embedder=embedder).search("cat") == []
    assert asked(lab) == []


def test_rankings_are_fused() -> None:
    assert fused([[1, 2, 3], [3, 4, 1]]) == [1, 3, 2, 4]
    assert fused([[], [7]]) == [7] and fused([]) == []
