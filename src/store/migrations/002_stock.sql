-- What came in. The unique key is the memory that makes a repeated event a duplicate.
CREATE TABLE IF NOT EXISTS submissions (
  id CHAR(26) NOT NULL PRIMARY KEY,
  connectionId BIGINT NOT NULL,
  accountSlug VARCHAR(100) NOT NULL,
  source VARCHAR(20) NOT NULL,
  messageId VARCHAR(100) NULL,
  status VARCHAR(20) NOT NULL,
  totalCount INT NOT NULL,
  successCount INT NOT NULL DEFAULT 0,
  errorCount INT NOT NULL DEFAULT 0,
  finishedCount INT NOT NULL DEFAULT 0,
  error TEXT NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  UNIQUE KEY ux_submission_message (connectionId, source, messageId),
  KEY ix_submission_open (connectionId, status),
  KEY ix_submission_age (updatedAt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS submission_lines (
  submissionId CHAR(26) NOT NULL,
  rowNumber INT NOT NULL,
  connectionId BIGINT NOT NULL,
  listing VARCHAR(255) NOT NULL,
  locationId VARCHAR(100) NOT NULL,
  quantity INT NULL,
  versionAtMs BIGINT NOT NULL,
  versionId VARCHAR(100) NOT NULL,
  status VARCHAR(20) NOT NULL,
  error VARCHAR(500) NULL,
  pushId CHAR(26) NULL,
  PRIMARY KEY (submissionId, rowNumber),
  KEY ix_line_listing (connectionId, listing, status)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The truth to be shown and what the channel was told, one row for each thing that a channel sells.
-- state: clean (the channel has accepted it), dirty (to be sent), claimed (in an open push), rejected (the channel will not have it).
CREATE TABLE IF NOT EXISTS stock_levels (
  connectionId BIGINT NOT NULL,
  listing VARCHAR(255) NOT NULL,
  locationId VARCHAR(100) NOT NULL,
  desiredQuantity INT NOT NULL,
  versionAtMs BIGINT NOT NULL,
  versionId VARCHAR(100) NOT NULL,
  desiredAtMs BIGINT NOT NULL,
  revision INT NOT NULL DEFAULT 1,
  state VARCHAR(10) NOT NULL,
  dirtySinceMs BIGINT NOT NULL,
  notBeforeMs BIGINT NOT NULL DEFAULT 0,
  lateUntilMs BIGINT NOT NULL DEFAULT 0,
  unknownCount INT NOT NULL DEFAULT 0,
  pushId CHAR(26) NULL,
  sentQuantity INT NULL,
  sentVersionAtMs BIGINT NULL,
  sentVersionId VARCHAR(100) NULL,
  sentAtMs BIGINT NULL,
  acknowledgedQuantity INT NULL,
  acknowledgedVersionAtMs BIGINT NULL,
  acknowledgedVersionId VARCHAR(100) NULL,
  acknowledgedAtMs BIGINT NULL,
  observedQuantity INT NULL,
  observedAtMs BIGINT NULL,
  lastError VARCHAR(500) NULL,
  PRIMARY KEY (connectionId, listing, locationId),
  KEY ix_level_zero (connectionId, state, desiredQuantity, dirtySinceMs),
  KEY ix_level_age (connectionId, state, dirtySinceMs),
  KEY ix_level_stale (state, dirtySinceMs),
  KEY ix_level_push (pushId)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The parts of a level that is the sum of several locations.
CREATE TABLE IF NOT EXISTS location_stock (
  connectionId BIGINT NOT NULL,
  listing VARCHAR(255) NOT NULL,
  locationId VARCHAR(100) NOT NULL,
  quantity INT NOT NULL,
  versionAtMs BIGINT NOT NULL,
  versionId VARCHAR(100) NOT NULL,
  PRIMARY KEY (connectionId, listing, locationId)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One claim of lines, and the attempts to send them. A push that was refused as a whole may be cut in two: the halves know their root.
CREATE TABLE IF NOT EXISTS pushes (
  id CHAR(26) NOT NULL PRIMARY KEY,
  connectionId BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL,
  lineCount INT NOT NULL,
  zeroCount INT NOT NULL,
  rootPushId CHAR(26) NULL,
  attempt INT NOT NULL DEFAULT 0,
  unansweredAttempts INT NOT NULL DEFAULT 0,
  outcome VARCHAR(20) NULL,
  acceptedCount INT NOT NULL DEFAULT 0,
  rejectedCount INT NOT NULL DEFAULT 0,
  unknownCount INT NOT NULL DEFAULT 0,
  errorType VARCHAR(40) NULL,
  error VARCHAR(500) NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  KEY ix_push_open (connectionId, state),
  KEY ix_push_root (rootPushId),
  KEY ix_push_age (state, updatedAt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The ledger: what was sent and what was said, one row for each line of each answered attempt. Rows are only added.
CREATE TABLE IF NOT EXISTS push_lines (
  pushId CHAR(26) NOT NULL,
  attempt INT NOT NULL,
  lineNumber INT NOT NULL,
  connectionId BIGINT NOT NULL,
  listing VARCHAR(255) NOT NULL,
  locationId VARCHAR(100) NOT NULL,
  revision INT NOT NULL,
  quantity INT NOT NULL,
  versionAtMs BIGINT NOT NULL,
  versionId VARCHAR(100) NOT NULL,
  verdict VARCHAR(10) NOT NULL,
  message VARCHAR(500) NULL,
  sentAtMs BIGINT NOT NULL,
  late TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (pushId, attempt, lineNumber),
  KEY ix_push_line_listing (connectionId, listing, sentAtMs)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
