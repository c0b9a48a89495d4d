-- Pieces of a line that the buyer has cancelled at the marketplace, as reading the order back showed: it is not asked for them.
-- One statement, so that it is there or not, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'order_lines' AND COLUMN_NAME = 'buyerCancelled'
  ),
  'DO 0',
  'ALTER TABLE order_lines ADD COLUMN buyerCancelled INT NOT NULL DEFAULT 0 AFTER quantity'
);
PREPARE add_buyer_cancelled FROM @change;
EXECUTE add_buyer_cancelled;
DEALLOCATE PREPARE add_buyer_cancelled;
