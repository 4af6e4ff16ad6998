"""The plain pages of the simulated operator: one frame for the desk and the mails."""

from pathlib import Path

from markupsafe import Markup
from werkzeug.wrappers import Response

STYLE = (Path(__file__).parent / "static" / "desk.css").read_bytes()

FRAME = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – simulated operator</title>
<link rel="stylesheet" href="/desk.css">
{head}
</head>
<body>
<header>
<p class="what">Simulated operator: for trying out, nothing here is real</p>
<nav aria-label="Pages"><a href="/"{desk}>Desk</a> <a href="/chargers"{chargers}>Chargers</a>
<a href="/mail"{mail}>Mails</a></nav>
</header>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
""")
CURRENT = Markup(' aria-current="page"')


def page(title: str, content: Markup, *, current: str, head: str = "") -> Response:
    """Return a page in the frame; `current` names its entry in the navigation."""
    marks = {name: CURRENT if name == current else "" for name in ("desk", "chargers", "mail")}
    return Response(
        FRAME.format(title=title, content=content, head=Markup(head), **marks),  # noqa: S704
        mimetype="text/html",
    )


def button(label: str, **fields: object) -> Markup:
    """Return a form of one button that sends `fields` to the desk."""
    hidden = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in fields.items()
    )
    return Markup('<form method="post" action="/do">{}<button>{}</button></form>').format(
        hidden, label
    )


def table(headings: list[str], rows: list[list[object]], *, empty: str) -> Markup:
    """Return a table, or a sentence when there is nothing to show."""
    if not rows:
        return Markup("<p>{}</p>").format(empty)
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in headings)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup('<td data-label="{}">{}</td>').format(name, cell)
                for name, cell in zip(headings, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
