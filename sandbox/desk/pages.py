"""The plain pages of the simulated operator: one frame for the desk and the mails."""

from pathlib import Path

from markupsafe import Markup
from werkzeug.wrappers import Response

STATIC = Path(__file__).parent / "static"
STYLE = (STATIC / "desk.css").read_bytes()
SCRIPT = (STATIC / "desk.js").read_bytes()
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FRAME = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – simulated operator</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/desk.css">
{script}
</head>
<body>
<header>
<p class="what">Simulated operator: for trying out, nothing here is real</p>
<nav aria-label="Pages"><a href="/"{desk}>Desk</a> <a href="/chargers"{chargers}>Chargers</a>
<a href="/charging"{charging}>Smart charging</a>
<a href="/remote"{remote}>Remote control</a>
<a href="/notifications"{notifications}>Notifications</a>
<a href="/mail"{mail}>E-mails</a></nav>
</header>
<main class="{current}">
<h1>{title}</h1>
{content}
</main>
</body>
</html>
""")
PAGES = ("desk", "chargers", "charging", "remote", "notifications", "mail")
CURRENT = Markup(' aria-current="page"')
RENEW = Markup('<script src="/desk.js" defer></script>')


def page(title: str, content: Markup, *, current: str, renewed: bool = False) -> Response:
    """Return a page in the frame; `current` names its entry in the navigation.

    With `renewed` it is read again every few seconds, unless somebody is at work in it.
    """
    marks = {name: CURRENT if name == current else "" for name in PAGES}
    return Response(
        FRAME.format(
            title=title, content=content, script=RENEW if renewed else "", current=current, **marks
        ),
        mimetype="text/html",
        headers={
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )


def form(label: str, *, about: object = "", inside: str = "", **fields: object) -> Markup:
    """Return a form of one button that sends `fields` to the desk.

    `about` tells listeners which of many alike buttons it is; `inside` is put before the button.
    """
    hidden = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in fields.items()
    )
    about = Markup('<span class="heard"> {}</span>').format(about) if about else ""
    return Markup('<form method="post" action="/do">{}{}<button>{}{}</button></form>').format(
        hidden, inside, label, about
    )


def table(caption: str, headings: list[str], rows: list[list[object]], *, empty: str) -> Markup:
    """Return a table, or a sentence when there is nothing to show.

    The roles say what they are anyway, which they no longer are for listeners once a narrow page
    lays them out one below the other.
    """
    if not rows:
        return Markup("<p>{}</p>").format(empty)
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader">{}</th>').format(name) for name in headings
    )
    body = Markup("").join(
        Markup('<tr role="row">{}</tr>').format(
            Markup("").join(
                Markup('<td role="cell" data-label="{}"><div>{}</div></td>').format(name, cell)
                for name, cell in zip(headings, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup(
        '<table role="table" aria-label="{}"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(caption, head, body)
