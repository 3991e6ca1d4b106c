# One file, five images: a service each, and the `guichet` command with all of them.
#   docker build --build-arg SERVICE=billing -t guichet-unique/billing:dev .
#   docker build --build-arg SERVICE=operations -t guichet-unique/operations:dev .
# A process is chosen by the command: web (the default), shared.messaging.run_worker, shared.messaging.run_relay.
# Behind a mirror: --build-arg PYTHON_IMAGE=…, and pip's and npm's own settings as build secrets
# (--secret id=pip_conf,src=pip.conf --secret id=npmrc,src=.npmrc).
ARG PYTHON_IMAGE=python:3.13-slim

# Styles, scripts and fonts. Node.js comes from the lock file, too.
FROM ${PYTHON_IMAGE} AS frontend
WORKDIR /build
COPY requirements/node.txt ./
RUN --mount=type=secret,id=pip_conf \
    python3 -m venv /opt/node \
    && PIP_CONFIG_FILE=/run/secrets/pip_conf /opt/node/bin/pip install --quiet --no-cache-dir --require-hashes -r node.txt
COPY deploy/image/node.py ./
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/
WORKDIR /build/frontend
RUN --mount=type=secret,id=npmrc \
    NPM_CONFIG_USERCONFIG=/run/secrets/npmrc /opt/node/bin/python ../node.py npm ci
COPY frontend ./
# Printed documents use files of the fonts' packages; nothing else of those is needed once built.
RUN /opt/node/bin/python ../node.py node build.mjs \
    && mkdir -p /built/frontend \
    && mv dist /built/frontend/dist \
    && find node_modules/@fontsource -name '*.woff' -exec cp --parents {} /built/frontend ';'

# Python packages, at the versions and hashes of the lock file, without what no process of ours opens.
FROM ${PYTHON_IMAGE} AS packages
# hadolint ignore=DL3008
RUN apt-get update -q && apt-get install -y -q --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements/build.txt requirements/base.txt ./
RUN --mount=type=secret,id=pip_conf \
    export PIP_CONFIG_FILE=/run/secrets/pip_conf \
    && python3 -m venv /opt/guichet \
    && /opt/guichet/bin/pip install --quiet --no-cache-dir --no-compile --require-hashes -r build.txt \
    && /opt/guichet/bin/pip install --quiet --no-cache-dir --no-compile --no-build-isolation --require-hashes -r base.txt
COPY deploy/image/prune.py ./
COPY deploy/image/guichet /opt/guichet/bin/guichet

# The service's own code, its texts compiled.
FROM packages AS application
ARG SERVICE
WORKDIR /app
COPY shared shared
COPY services services
COPY deploy deploy
COPY --from=frontend /built/frontend frontend
COPY deploy/image/select_for.py /build/select_for.py
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
RUN /opt/guichet/bin/python -m shared.web.translations compile \
    && /opt/guichet/bin/python /build/prune.py /opt/guichet \
    && /opt/guichet/bin/python /build/select_for.py "${SERVICE}" \
    && /opt/guichet/bin/python /build/select_for.py "${SERVICE}" --check \
    && chmod -R a+rX /app /opt/guichet

FROM ${PYTHON_IMAGE}
ARG SERVICE
LABEL org.opencontainers.image.title="guichet-unique/${SERVICE}" \
      org.opencontainers.image.description="Guichet Unique: ${SERVICE}"
# Pango lays out the text of PDF documents, which two services print; pg_dump makes backups. Of Debian, as new as the
# base image is.
# hadolint ignore=DL3008
RUN mkdir /run/settings \
    && case "${SERVICE}" in guichet|billing) \
        apt-get update -q \
        && apt-get install -y -q --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
        # Printed documents bring their fonts; one more is for what those do not have.
        && find /usr/share/fonts -name '*.ttf' ! -name DejaVuSans.ttf ! -name DejaVuSans-Bold.ttf -delete \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/lib/dpkg/*-old /var/log/* ;; \
    operations) \
        # Of PostgreSQL's client only what backs up and restores: its package wants all of Perl.
        apt-get update -q \
        && apt-get install -y -q --no-install-recommends libpq5 \
        && mkdir /tmp/apt \
        && apt-cache -o Dir::Cache=/tmp/apt depends postgresql-client > /tmp/apt/depends \
        && client="$(sed -n 's/.*Depends: \(postgresql-client-[0-9]*\)$/\1/p' /tmp/apt/depends)" \
        && apt-get -o Dir::Cache=/tmp/apt download -q "$client" \
        && dpkg-deb --extract "$client"_*.deb /tmp/client \
        && rm "$client"_*.deb \
        && for each in /tmp/client/usr/lib/postgresql/*/bin/pg_dump /tmp/client/usr/lib/postgresql/*/bin/pg_restore; do \
            install "$each" /usr/local/bin/ && "/usr/local/bin/${each##*/}" --version || exit 1; done \
        && rm -rf /tmp/client /tmp/apt /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/lib/dpkg/*-old /var/log/* ;; \
    esac
COPY --from=application /opt/guichet /opt/guichet
COPY --from=application /app /app
ENV PATH=/opt/guichet/bin:$PATH \
    PYTHONPATH=/app \
    # The system's time-zone files may be older than Morocco's return to UTC+0.
    PYTHONTZPATH="" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    LOG_FORMAT=json \
    # Who may reach a container is decided outside; anywhere else a web process listens to its own machine alone.
    WEB_ADDRESS=0.0.0.0 \
    HOME=/tmp \
    SETTINGS_FOLDER=/run/settings
WORKDIR /app
# No name is needed for it, and nothing of the image belongs to it.
USER 10001:10001
EXPOSE 8000
# Of every kind of process: see shared/heartbeat.py.
HEALTHCHECK --interval=15s --timeout=10s --start-period=240s --retries=6 \
    CMD ["python", "-I", "-S", "/app/shared/heartbeat.py"]
CMD ["python", "-m", "shared.web.run_web"]
