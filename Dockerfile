# The portal's image: web, worker, beat and migrations run from it (see docker-compose.yml).
# The base is named by its tag, so that a rebuild takes up Debian's and Python's security fixes. For
# an image that comes out the same every time, name it by digest: python:3.13-slim-bookworm@sha256:…

FROM python:3.13-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/app/.venv
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.8
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN .venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.13-slim-bookworm
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin chargebook
COPY --from=build /app /app
USER chargebook
EXPOSE 8000
ENV WEB_BIND=0.0.0.0:8000
CMD ["gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]
