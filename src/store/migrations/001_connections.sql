-- One account on one channel. Shared with other programs: column names and meanings are a contract.
CREATE TABLE IF NOT EXISTS ie_appinstall_connection (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  channel VARCHAR(40) NOT NULL,
  accountSlug VARCHAR(100) NOT NULL,
  externalChannelID VARCHAR(100) NULL,
  externalWarehouseID VARCHAR(100) NULL,
  locationId VARCHAR(100) NULL,
  inputFields TEXT NULL,
  accessToken TEXT NULL,
  tokenExpiresAt DATETIME(3) NULL,
  tokenGeneration INT NOT NULL DEFAULT 0,
  settings TEXT NULL,
  status VARCHAR(20) NOT NULL DEFAULT 'active',
  statusReason VARCHAR(500) NULL,
  createdAt DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updatedAt DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY ix_connection_external (accountSlug, externalChannelID)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Keys of the programs that post to the gateway; the secret itself is never stored.
CREATE TABLE IF NOT EXISTS gateway_keys (
  id CHAR(26) NOT NULL PRIMARY KEY,
  accountSlug VARCHAR(100) NOT NULL,
  connectionId BIGINT NULL,
  name VARCHAR(100) NOT NULL,
  secretHash CHAR(64) NOT NULL,
  createdAt DATETIME(3) NOT NULL,
  revokedAt DATETIME(3) NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- When the next request may leave, over all processes.
CREATE TABLE IF NOT EXISTS gates (
  gateKey VARCHAR(200) NOT NULL PRIMARY KEY,
  nextSlotAtMs BIGINT NOT NULL DEFAULT 0,
  heldUntilMs BIGINT NOT NULL DEFAULT 0
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
