-- A line whose quantity grew after it was stored has a row for each part: the pieces from firstPiece on, `quantity` of them.
-- One statement, so that it is there as a whole or not at all, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'order_lines' AND COLUMN_NAME = 'firstPiece'
  ),
  'DO 0',
  'ALTER TABLE order_lines ADD COLUMN firstPiece INT NOT NULL DEFAULT 1 AFTER lineItemSequenceNumber, DROP PRIMARY KEY, ADD PRIMARY KEY (connectionId, orderNumber, lineItemSequenceNumber, firstPiece)'
);
PREPARE add_first_piece FROM @change;
EXECUTE add_first_piece;
DEALLOCATE PREPARE add_first_piece;
