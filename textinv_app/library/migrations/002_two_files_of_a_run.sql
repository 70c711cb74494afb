-- A pivotal training makes two files; artifact_id alone tells them apart.

DROP INDEX artifacts_by_run;
CREATE INDEX artifacts_by_run ON artifacts (run_id) WHERE run_id != '';
