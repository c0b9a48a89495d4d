-- When the marketplace accepted the cancel of a line, as well as we know: its answer, or, where that was missing, when it was last asked.
-- The WMS is told so. One statement, so that it is there or not, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'order_lines' AND COLUMN_NAME = 'marketplaceCancelledAt'
  ),
  'DO 0',
  'ALTER TABLE order_lines ADD COLUMN marketplaceCancelledAt DATETIME(3) NULL AFTER marketplaceMessage'
);
PREPARE add_marketplace_cancelled_at FROM @change;
EXECUTE add_marketplace_cancelled_at;
DEALLOCATE PREPARE add_marketplace_cancelled_at;
