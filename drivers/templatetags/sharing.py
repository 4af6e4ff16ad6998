"""A template tag for parts of pages that members of a fleet see alike."""

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from drivers.shared_fragments import shared

register = template.Library()


class SharedNode(template.Node):
    """Draws what it holds once for those who see the same: `drivers.shared_fragments.shared`."""

    def __init__(self, name: str, content: NodeList) -> None:
        self.name = name
        self.nodelist = content

    def render(self, context: Context) -> SafeString:
        def draw() -> SafeString:
            with context.push():
                return self.nodelist.render(context)

        return shared(context["request"], self.name, draw)


@register.tag
def sharedpart(parser: Parser, token: Token) -> SharedNode:
    """Begin a part of a page, with a name of its own in the page, that goes to `endsharedpart`.

    What it needs of the context is best read when it is drawn: it mostly is not.
    """
    _tag, name = token.split_contents()
    content = parser.parse(("endsharedpart",))
    parser.delete_first_token()
    return SharedNode(name, content)
