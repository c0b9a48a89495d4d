-- Pieces of a line that the marketplace has cancelled for us while others of it are open, as reading the order back showed: only the rest
-- is asked for again. One statement, so that it is there or not, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'order_lines' AND COLUMN_NAME = 'sellerCancelled'
  ),
  'DO 0',
  'ALTER TABLE order_lines ADD COLUMN sellerCancelled INT NOT NULL DEFAULT 0 AFTER buyerCancelled'
);
PREPARE add_seller_cancelled FROM @change;
EXECUTE add_seller_cancelled;
DEALLOCATE PREPARE add_seller_cancelled;
