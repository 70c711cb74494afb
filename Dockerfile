# Petname in a container, which runs on Crayon as it is, with a graphics card or without.
#
#   docker build -t petname .
#   docker run --rm -p 127.0.0.1:7860:7860 -v petname-data:/data petname
#
# The torch of the package index is built for CUDA: add `--gpus all` where there is an NVIDIA card.
# For a smaller image without it point TORCH_INDEX_URL at the index of CPU wheels.
FROM python:3.12-slim

ARG TORCH_INDEX_URL=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_DISABLE_TELEMETRY=1

RUN useradd --uid 1000 --create-home petname && mkdir /data && chown petname:petname /data
WORKDIR /home/petname/app

COPY requirements.txt .
RUN if [ -n "$TORCH_INDEX_URL" ]; then pip install torch==2.13.0 --index-url "$TORCH_INDEX_URL"; fi \
    && pip install -r requirements.txt \
    # Gradio asks for pillow<13 and runs with 13, which fixes two critical decoder bugs.
    && pip install --no-deps pillow==13.0.0

COPY --chown=petname:petname app.py README.md LICENSE ./
COPY --chown=petname:petname textinv_app textinv_app
COPY --chown=petname:petname assets assets

USER petname
ENV PETNAME_DATA_DIR=/data \
    # Base models are gigabytes: fetched once, kept with the rest.
    HF_HOME=/data/huggingface \
    PETNAME_HOST=0.0.0.0 \
    PETNAME_PORT=7860 \
    # Inside a container every address is "beyond this machine"; what is published decides who comes.
    PETNAME_OPEN_TO_NETWORK=1
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PETNAME_PORT\"]}/healthz', timeout=4)"]
CMD ["python", "app.py"]
