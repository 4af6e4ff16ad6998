"""How texts are folded, so that people find a name however they type it."""

import unicodedata
from typing import Any, TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.db.models import Func, Model, Q, QuerySet

# Letters that Unicode does not take apart into a plain letter and a mark.
PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)

Row = TypeVar("Row", bound=Model)


def search_key(*parts: str | None) -> str:
    """Return the parts as one text without case, accents and spare spaces.

    Both what is stored and what somebody types go through it; a word of one is then a substring
    of the other. NUL is left out: no database text has it, and PostgreSQL refuses to look for it.
    """
    text = " ".join(part for part in parts if part).replace("\0", "").casefold()
    letters = (
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )
    return " ".join("".join(letters).translate(PLAIN).split())


def with_words(rows: QuerySet[Row], text: str, *, also: str = "") -> QuerySet[Row]:
    """Return the rows whose `search_text` has each word of a text, in any order.

    A word may also be in the folded text of something else: `also` is the way to that column.
    """
    for word in search_key(text).split():
        found = Q(search_text__contains=word)
        if also:
            found |= Q(**{f"{also}__contains": word})
        rows = rows.filter(found)
    return rows


def index_of_words(name: str) -> GinIndex:
    """Return the index by which `with_words` finds rows, for words of three letters or more.

    Where the database is not PostgreSQL, it is a plain one, which does not help.
    """
    return GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name=name)


class Folded(Func):
    """A column of folded text to sort by, letter by letter, whatever the database's language is."""

    template = "%(expressions)s"
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='%(expressions)s COLLATE "C"', **context)
