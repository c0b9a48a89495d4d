-- Orders that the warehouse cannot ship. No customer data.
-- status: stored (not started yet), started, done, failed (a new delivery tries again).
CREATE TABLE IF NOT EXISTS orders (
  id CHAR(26) NOT NULL PRIMARY KEY,
  workflowId VARCHAR(600) NOT NULL,
  accountSlug VARCHAR(100) NOT NULL,
  connectionId BIGINT NOT NULL,
  wmsConnectionId BIGINT NOT NULL,
  externalChannelId VARCHAR(100) NOT NULL,
  orderNumber VARCHAR(100) NOT NULL,
  vendorOrderNumber VARCHAR(100) NULL,
  status VARCHAR(10) NOT NULL,
  outcome VARCHAR(40) NULL,
  error VARCHAR(500) NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  UNIQUE KEY ux_order_workflow (workflowId),
  KEY ix_order_status (status, updatedAt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A line belongs to one run only, whatever mix of lines the events name.
-- states: open, asked (a request left and no answer came yet), cancelled, refused.
CREATE TABLE IF NOT EXISTS order_lines (
  connectionId BIGINT NOT NULL,
  orderNumber VARCHAR(100) NOT NULL,
  lineItemSequenceNumber VARCHAR(100) NOT NULL,
  orderId CHAR(26) NOT NULL,
  orderItemId VARCHAR(100) NOT NULL,
  itemId VARCHAR(100) NOT NULL,
  marketplaceItemId VARCHAR(100) NOT NULL,
  quantity INT NOT NULL,
  marketplaceState VARCHAR(10) NOT NULL DEFAULT 'open',
  marketplaceMessage VARCHAR(500) NULL,
  wmsState VARCHAR(10) NOT NULL DEFAULT 'open',
  wmsMessage VARCHAR(500) NULL,
  updatedAt DATETIME(3) NOT NULL,
  PRIMARY KEY (connectionId, orderNumber, lineItemSequenceNumber),
  KEY ix_order_line_order (orderId)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Authentic events that could not be used, stripped to the fields that we read, with the reason.
-- status: parked, ignored (not for us), redriven.
CREATE TABLE IF NOT EXISTS parked_events (
  id CHAR(26) NOT NULL PRIMARY KEY,
  accountSlug VARCHAR(100) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  identityHash CHAR(64) NOT NULL,
  status VARCHAR(10) NOT NULL,
  reason VARCHAR(40) NOT NULL,
  message VARCHAR(500) NOT NULL,
  body MEDIUMTEXT NOT NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  UNIQUE KEY ux_parked_identity (accountSlug, kind, identityHash),
  KEY ix_parked_status (status, updatedAt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
