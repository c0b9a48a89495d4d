-- A version's id is kept in a form that sorts digits as numbers (see contracts/stock.ts), which is longer than the message's own id.
ALTER TABLE submission_lines MODIFY versionId VARCHAR(320) NOT NULL;
ALTER TABLE stock_levels
  MODIFY versionId VARCHAR(320) NOT NULL,
  MODIFY sentVersionId VARCHAR(320) NULL,
  MODIFY acknowledgedVersionId VARCHAR(320) NULL;
ALTER TABLE location_stock MODIFY versionId VARCHAR(320) NOT NULL;
ALTER TABLE push_lines MODIFY versionId VARCHAR(320) NOT NULL;
ALTER TABLE push_job_lines MODIFY versionId VARCHAR(320) NOT NULL;

-- The same message with other content is a submission of its own, with the next number. '' is any content: what came before this
-- migration, and files that are read again. One statement, so that it is there or not, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'submissions' AND COLUMN_NAME = 'contentHash'
  ),
  'DO 0',
  'ALTER TABLE submissions ADD COLUMN contentHash CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '''' AFTER messageId,
     ADD COLUMN contentNumber INT NOT NULL DEFAULT 0 AFTER contentHash, ADD COLUMN warnings TEXT NULL AFTER error,
     ADD UNIQUE KEY ux_submission_content (connectionId, source, messageId, contentNumber), DROP KEY ux_submission_message'
);
PREPARE add_content FROM @change;
EXECUTE add_content;
DEALLOCATE PREPARE add_content;

-- The zone in which the last event of a connection was read that named none, and by how much such events are read later than the zone
-- says, so that a changed zone does not make newer events look older.
CREATE TABLE IF NOT EXISTS event_clocks (
  connectionId BIGINT NOT NULL PRIMARY KEY,
  timeZone VARCHAR(100) NOT NULL,
  shiftMs BIGINT NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
