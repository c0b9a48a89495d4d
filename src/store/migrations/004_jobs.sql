-- A push that the channel works off as a job: the file that it fetches, and the channel's id of the job.
-- state: starting (nobody knows yet whether there is a job), running, ended. The file is there until the job has ended.
CREATE TABLE IF NOT EXISTS push_jobs (
  pushId CHAR(26) NOT NULL,
  attempt INT NOT NULL,
  connectionId BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL,
  jobId VARCHAR(100) NULL,
  fileKey CHAR(32) NOT NULL,
  mediaType VARCHAR(100) NOT NULL,
  file MEDIUMTEXT NULL,
  fileExpiresAtMs BIGINT NOT NULL,
  fetchedAtMs BIGINT NULL,
  sentAtMs BIGINT NOT NULL,
  pageMode VARCHAR(10) NULL,
  pageCursor VARCHAR(500) NULL,
  PRIMARY KEY (pushId, attempt),
  UNIQUE KEY ux_push_job_file (fileKey)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The rows of the file as they were sent, and what the channel said of them so far.
CREATE TABLE IF NOT EXISTS push_job_lines (
  pushId CHAR(26) NOT NULL,
  attempt INT NOT NULL,
  rowNumber INT NOT NULL,
  connectionId BIGINT NOT NULL,
  listing VARCHAR(255) NOT NULL,
  locationId VARCHAR(100) NOT NULL,
  revision INT NOT NULL,
  quantity INT NOT NULL,
  versionAtMs BIGINT NOT NULL,
  versionId VARCHAR(100) NOT NULL,
  verdict VARCHAR(10) NULL,
  message VARCHAR(500) NULL,
  PRIMARY KEY (pushId, attempt, rowNumber)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What an account of a channel may still spend, as far as we know, over all processes.
CREATE TABLE IF NOT EXISTS credits (
  gateKey VARCHAR(200) NOT NULL PRIMARY KEY,
  creditsLeft DOUBLE NOT NULL,
  creditsMax DOUBLE NOT NULL,
  perSecond DOUBLE NOT NULL,
  countedAtMs BIGINT NOT NULL,
  readAtMs BIGINT NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
