-- Who sends a push: `<run id> <push id of the lane>`. What another run has left under way is found by it and given back or taken over.
-- One statement, so that it is there as a whole or not at all, and nothing when it is there.
SET @change = IF(
  EXISTS (
    SELECT 1 FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'pushes' AND COLUMN_NAME = 'owner'
  ),
  'DO 0',
  'ALTER TABLE pushes ADD COLUMN owner VARCHAR(64) NULL AFTER rootPushId'
);
PREPARE add_push_owner FROM @change;
EXECUTE add_push_owner;
DEALLOCATE PREPARE add_push_owner;
