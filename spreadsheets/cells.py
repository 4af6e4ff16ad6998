"""Text in a cell of a CSV file: kept from being taken for a formula, and bared of that again."""

import unicodedata

# What makes a spreadsheet take a cell for a formula; U+2212 is the minus of typesetters.
FORMULA_BEGINS = frozenset("=+-@\u2212")
BREAKS_A_CELL = frozenset("\t\r\n")
ON_ONE_LINE = str.maketrans(dict.fromkeys(BREAKS_A_CELL, " "))
QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»")
GUARD = "'"


def guarded_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    One that begins like one gets an apostrophe in front, also behind spaces, quotes, signs that
    are not seen, and in their full-width forms. So does what follows a semicolon, at which
    spreadsheets of many countries part the cells. Line ends and tabs become spaces.
    """
    return ";".join(_guarded(part) for part in text.split(";")).translate(ON_ONE_LINE)


def bare_cell(text: str) -> str:
    """Return a text without the apostrophes that `guarded_cell` puts in front."""
    return ";".join(_bare(part) for part in text.split(";"))


def _guarded(text: str) -> str:
    return f"{GUARD}{text}" if text[:1] in BREAKS_A_CELL or _begins_a_formula(text) else text


def _bare(text: str) -> str:
    return text[1:] if text.startswith(GUARD) and _begins_a_formula(text[1:]) else text


def _begins_a_formula(text: str) -> bool:
    for sign in text:
        if sign.isspace() or sign in QUOTES or unicodedata.category(sign) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", sign)[:1] in FORMULA_BEGINS
    return False
