-- A document, by the directory and the file that it was made of, and its content: the same content is stored once.
CREATE TABLE IF NOT EXISTS documents (
  directory_id text NOT NULL,
  file_id text NOT NULL,
  sha256 text NOT NULL,
  file_name text,
  stored_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (directory_id, file_id, sha256)
);

CREATE TABLE IF NOT EXISTS chunks (
  directory_id text NOT NULL,
  file_id text NOT NULL,
  sha256 text NOT NULL,
  position integer NOT NULL,
  content text NOT NULL,
  PRIMARY KEY (directory_id, file_id, sha256, position),
  FOREIGN KEY (directory_id, file_id, sha256) REFERENCES documents ON DELETE CASCADE
);
