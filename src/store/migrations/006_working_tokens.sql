-- The newest token of a connection that its channel has answered: when it is refused later it has died, and the credentials are good.
CREATE TABLE IF NOT EXISTS working_tokens (
  connectionId BIGINT NOT NULL PRIMARY KEY,
  generation INT NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
