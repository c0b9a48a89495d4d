-- What we know of a connection, and nobody else's business. The row of the same id in ie_appinstall_connection belongs to the programs that
-- share it: of it we read inputFields and accessToken. A null here in inputFields means that the credentials are read there.
-- accessToken is the token in use; isTokenShared says that it was taken from the shared column, sharedTokenHash is the SHA-256 of the token that
-- was last seen there, so that only another one is news.
CREATE TABLE IF NOT EXISTS connections (
  id BIGINT NOT NULL PRIMARY KEY,
  channel VARCHAR(40) NOT NULL,
  accountSlug VARCHAR(100) NOT NULL,
  externalChannelID VARCHAR(100) NULL,
  externalWarehouseID VARCHAR(100) NULL,
  locationId VARCHAR(100) NULL,
  inputFields TEXT NULL,
  accessToken TEXT NULL,
  tokenExpiresAt DATETIME(3) NULL,
  tokenGeneration INT NOT NULL DEFAULT 0,
  isTokenShared BOOLEAN NOT NULL DEFAULT FALSE,
  sharedTokenHash CHAR(64) NULL,
  settings TEXT NULL,
  status VARCHAR(20) NOT NULL DEFAULT 'active',
  statusReason VARCHAR(500) NULL,
  createdAt DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updatedAt DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY ix_connection_external (accountSlug, externalChannelID)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Earlier versions kept all of it in ie_appinstall_connection. It is copied from there once, and stays there as it is. Plain credentials may be
-- another program's, and go on being read where it writes them.
SET @stockbridge_copy = IF(
  (SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'ie_appinstall_connection'
     AND COLUMN_NAME IN ('channel', 'accountSlug', 'externalChannelID', 'externalWarehouseID', 'locationId', 'tokenExpiresAt',
       'tokenGeneration', 'settings', 'status', 'statusReason', 'createdAt', 'updatedAt')) = 12,
  'INSERT INTO connections (id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId, inputFields, accessToken,
     tokenExpiresAt, tokenGeneration, settings, status, statusReason, createdAt, updatedAt)
   SELECT id, channel, accountSlug, externalChannelID, externalWarehouseID, locationId,
     IF(inputFields REGEXP ''^sealed:[0-9]+:'', inputFields, NULL), NULLIF(accessToken, ''''),
     tokenExpiresAt, tokenGeneration, settings, status, statusReason, createdAt, updatedAt
   FROM ie_appinstall_connection earlier
   WHERE earlier.channel IN (''ajio'', ''eshopbox'', ''increff-oms'', ''increff-assure'', ''shiphero'')
   ON DUPLICATE KEY UPDATE connections.id = connections.id',
  'DO 0');
PREPARE stockbridge_copy FROM @stockbridge_copy;
EXECUTE stockbridge_copy;
DEALLOCATE PREPARE stockbridge_copy;
