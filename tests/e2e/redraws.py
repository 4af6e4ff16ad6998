"""Draws parts of a page that keep up anew when a test wants it, not when something changes."""

# It says nothing of what it has seen, so that the answer is the whole part.
DRAW_ANEW = """
([part, gone]) => new Promise((resolve) => {
  const once = { once: true };
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    delete detail.headers["X-Seen"];
  }, once);
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    detail.serverResponse = detail.serverResponse.replaceAll(gone || "\\0", "");
  }, once);
  document.addEventListener("htmx:afterRequest", () => setTimeout(resolve, 100), once);
  window.htmx.trigger(document.querySelector(part), "look");
})
"""


def draw_anew(page, part: str, *, gone: str = "") -> None:
    """Let a part look again, and wait until what it got is in its place, or was put off.

    `gone` is a text that the operator took out of it meanwhile.
    """
    page.evaluate(DRAW_ANEW, [part, gone])
