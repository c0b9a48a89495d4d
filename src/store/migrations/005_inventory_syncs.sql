-- Files of stock that a caller asked us to fetch. The rows are a submission as soon as the file was read.
-- state: waiting (to be fetched), stored (there is a submission), refused (the file could not be taken), aborted (before it was fetched, or after).
CREATE TABLE IF NOT EXISTS inventory_syncs (
  id CHAR(24) NOT NULL PRIMARY KEY,
  connectionId BIGINT NOT NULL,
  accountSlug VARCHAR(100) NOT NULL,
  keyId CHAR(26) NOT NULL,
  url VARCHAR(2000) NOT NULL,
  customerAccountId VARCHAR(100) NULL,
  state VARCHAR(10) NOT NULL,
  submissionId CHAR(26) NULL,
  error VARCHAR(500) NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  KEY ix_inventory_sync_account (accountSlug, createdAt, id),
  KEY ix_inventory_sync_state (state, updatedAt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a row of a file said besides listing and quantity.
CREATE TABLE IF NOT EXISTS submission_rows (
  submissionId CHAR(26) NOT NULL,
  rowNumber INT NOT NULL,
  code VARCHAR(255) NOT NULL,
  reason VARCHAR(255) NOT NULL,
  PRIMARY KEY (submissionId, rowNumber)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
