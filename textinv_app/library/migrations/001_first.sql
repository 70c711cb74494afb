-- The first index: owners, concepts, runs, artifacts and drawings.
-- ``number`` is the order in which things came in: never the clock, which may jump.

CREATE TABLE owners (
    owner_id   TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL
) STRICT;

CREATE TABLE concepts (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    concept_id TEXT NOT NULL UNIQUE,
    owner_id   TEXT NOT NULL REFERENCES owners (owner_id),
    body       TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX concepts_by_owner ON concepts (owner_id, number);

CREATE TABLE runs (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id          TEXT NOT NULL UNIQUE,
    owner_id        TEXT NOT NULL REFERENCES owners (owner_id),
    concept_id      TEXT NOT NULL,
    method          TEXT NOT NULL,
    status          TEXT NOT NULL
        CHECK (status IN ('queued', 'running', 'paused', 'done', 'cancelled', 'failed')),
    wanted          TEXT NOT NULL CHECK (wanted IN ('run', 'pause', 'stop')),
    attempt         INTEGER NOT NULL DEFAULT 0,
    idle_attempts   INTEGER NOT NULL DEFAULT 0,
    saved_step      INTEGER NOT NULL DEFAULT 0,
    queue_number    INTEGER NOT NULL,
    start_number    INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    artifact_id     TEXT NOT NULL DEFAULT '',
    error_code      TEXT NOT NULL DEFAULT '',
    error_sentence  TEXT NOT NULL DEFAULT '',
    error_details   TEXT NOT NULL DEFAULT '{}',
    created_at      TEXT NOT NULL,
    changed_at      TEXT NOT NULL,
    change_count    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_by_owner ON runs (owner_id, number);
CREATE INDEX runs_by_status ON runs (status, queue_number);
-- A double click, two tabs and two processes: the index decides, not the program.
CREATE UNIQUE INDEX runs_once_per_key ON runs (owner_id, idempotency_key);
CREATE UNIQUE INDEX runs_one_unfinished ON runs (concept_id, method)
    WHERE status IN ('queued', 'running', 'paused');

CREATE TABLE artifacts (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    artifact_id TEXT NOT NULL UNIQUE,
    owner_id    TEXT NOT NULL REFERENCES owners (owner_id),
    concept_id  TEXT NOT NULL DEFAULT '',
    run_id      TEXT NOT NULL DEFAULT '',
    name        TEXT NOT NULL,
    manifest    TEXT NOT NULL,
    created_at  TEXT NOT NULL
) STRICT;
CREATE INDEX artifacts_by_owner ON artifacts (owner_id, number);
CREATE UNIQUE INDEX artifacts_by_run ON artifacts (run_id) WHERE run_id != '';

CREATE TABLE drawings (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    drawing_id     TEXT NOT NULL UNIQUE,
    owner_id       TEXT NOT NULL REFERENCES owners (owner_id),
    status         TEXT NOT NULL CHECK (status IN ('waiting', 'drawing', 'done', 'failed')),
    prompt         TEXT NOT NULL,
    num_deaths     INTEGER NOT NULL DEFAULT 0,
    error_code     TEXT NOT NULL DEFAULT '',
    error_sentence TEXT NOT NULL DEFAULT '',
    created_at     TEXT NOT NULL
) STRICT;
CREATE INDEX drawings_by_owner ON drawings (owner_id, number);
CREATE INDEX drawings_by_status ON drawings (status, number);
