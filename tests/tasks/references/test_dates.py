import pytest

from gleanery.tasks.references.dates import join_dates, read_date


@pytest.mark.parametrize(
    ("printed", "parts"),
    [
        ("1987", [[1987]]),
        ("2011a", [[2011]]),
        ("19762", [[1976]]),
        ("[1867] 1962", [[1962]]),
        ("(1962)", [[1962]]),
        ("1998/99", [[1998], [1999]]),
        ("1998-2001", [[1998], [2001]]),
        ("1999–04", [[1999, 4]]),
        ("2009-04-29", [[2009, 4, 29]]),
        ("12.03.2009", [[2009, 3, 12]]),
        ("2/28/2007", [[2007, 2, 28]]),
        ("05/2007", [[2007, 5]]),
        ("3. März 1999", [[1999, 3, 3]]),
        ("March 3rd, 1999", [[1999, 3, 3]]),
        ("juillet 2003", [[2003, 7]]),
        ("20 gennaio 2005", [[2005, 1, 20]]),
        ("5 de diciembre de 2010", [[2010, 12, 5]]),
        ("7 maart 2012", [[2012, 3, 7]]),
        ("Sept. 1996", [[1996, 9]]),
        ("July-August, 1963", [[1963, 7], [1963, 8]]),
        ("June 17-21, 2007", [[2007, 6, 17], [2007, 6, 21]]),
        ("April 97", [[1997, 4]]),
        ("February 9, 1 9 9 4", [[1994, 2, 9]]),
        ("MCMXCIX", [[1999]]),
        ("2021年7月12日", [[2021, 7, 12]]),
    ],
)
def test_date_parts(printed, parts):
    assert read_date(printed) == {"date-parts": parts}


@pytest.mark.parametrize("printed", ["n.d.", "o. J.", "im Druck", "in press", "forthcoming", "s.d."])
def test_words_in_place_of_a_date(printed):
    assert read_date(printed) == {"literal": printed}


def test_season_and_circa():
    assert read_date("Spring 2004") == {"date-parts": [[2004]], "season": 1}
    assert read_date("Herbst 2004") == {"date-parts": [[2004]], "season": 3}
    assert read_date("ca. 1450") == {"date-parts": [[1450]], "circa": True}
    assert read_date("1450?") == {"date-parts": [[1450]], "circa": True}


def test_month_and_day_join_a_year_printed_elsewhere():
    assert join_dates("2004", "May 12") == join_dates("May 12", "2004") == {"date-parts": [[2004, 5, 12]]}
    assert join_dates("2004", "2006") is None
    assert join_dates("2004", "n.d.") is None
