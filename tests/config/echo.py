"""A small application for the tests of the web server."""


def application(environ, start_response):
    """Answer with the length of the body, or with as many bytes as the address says."""
    body = environ["wsgi.input"].read()
    wanted = environ["PATH_INFO"].strip("/")
    answer = b"x" * int(wanted) if wanted else str(len(body)).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
