"""The syllables of the built-in `haiku`: rules that are right for the words that such poems are made of."""

from types import ModuleType

import pytest

from gleanery.tasks.declarations import load_task
from gleanery.tasks.modules import load_module

WORDS = """
1: code codes closed breathe breathes leaves year years you the be me tree trees free blue true queue queues watched
   changed raced used clean fire hour night moon runs threads thread whirled called failed named filled while whiles
   mile miles rule rules files file smile smiles lines line time times house rose stone stones gone done none one
   are were where there here we she he I a it's don't won't can't we'll they're dies lies flies tries shoes toes
   does goes played stayed tried freed
2: silence silent whisper whispers channel channels waited ended rested table tables little apple people compile
   compiles garbage garbage's error errors returns return function functions pointer pointers nothing season river
   rivers falling autumn winter lion quiet science create nation region social ocean yellow beyond player values
   value watches catches wishes boxes changes pages races uses buzzes deferred defer panic panics simple mirror
   flower power tiny empty moonlight sleeping waiting seeing being going playing flying running signal signals
   buffered scattered gathered settled handled tangled opened listened happened rhythm rhythms prism dual fuel cruel
   soldier neon leopard package module modules single angels bottles cycles cycle struggle struggles gently softly
   houses roses isn't GC 7 42 waitGroup client clients giant trial via million billion union onion senior junior
   brilliant patient ancient species movies cities carries heroes echoes allowed followed carried agreed naked
   hundred sacred kindled rippled filtered
3: compiler memory forgotten collector remembers radio piano video curious serious decision concurrent parallel
   together goroutine goroutines recover elegant actual manual visual earlier heavier medium stadium area idea
   museum interface packages API CPU NIL diamond dialogue opinion companion behavior familiar
4: concurrency parameter variable simplicity algorithm variety society reliable biography
9: WWW
"""


@pytest.fixture(scope="module")
def schema() -> ModuleType:
    file = load_task("haiku").schema_file
    assert file is not None
    return load_module(file)


def table() -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    count = 0
    for word in WORDS.split():
        if word.endswith(":"):
            count = int(word[:-1])
        else:
            found.append((word, count))
    return found


def test_every_word_of_the_table(schema: ModuleType) -> None:
    wrong = [(word, count, said) for word, count in table() if (said := schema.syllables_in(word)) != count]
    assert len(table()) > 270 and wrong == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("An old silent pond", 5),
        ("a frog jumps into the pond", 7),
        ("splash! Silence again", 5),
        ("if err is not nil", 5),
        ("the channel closes; nobody waits", 9),
        ("HTTP at 9", 6),
        ("", 0),
        ("... --- ...", 0),
    ],
)
def test_lines(schema: ModuleType, line: str, count: int) -> None:
    assert schema.syllables_in(line) == count


def test_the_check_says_which_line_and_by_how_much(schema: ModuleType) -> None:
    good = {"lines": ["An old silent pond", "a frog jumps into the pond", "splash! Silence again"]}
    assert schema.five_seven_five({**good, "syllables": [5, 7, 5]}) is None
    said = schema.five_seven_five({**good, "syllables": [4, 7, 7]})
    assert said == (
        'Line 1 ("An old silent pond") has 4 syllables and must have 5: add 1 syllable. '
        'Line 3 ("splash! Silence again") has 7 syllables and must have 5: take away 2 syllables.'
    )


def test_its_examples_are_haiku(schema: ModuleType) -> None:
    for example in load_task("haiku").read_examples():
        haiku = schema.Haiku.model_validate(example.output).model_dump()
        assert haiku["syllables"] == [5, 7, 5]
