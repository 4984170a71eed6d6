import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';

/** A document in the output folder. */
export interface Document {
  directoryId: string;
  fileId: string;
  fileName: string | null;
  /** Of its content. */
  sha256: string;
  /** Path in the output folder. */
  output: string;
}

const MAX_CHUNK_LENGTH = 1_000;

/** Splits Markdown at empty lines. Paragraphs are joined while they fit into a chunk. A longer paragraph is a chunk of its own. */
export function splitMarkdown(text: string): string[] {
  const chunks: string[] = [];
  for (const paragraph of text.split(/\n\s*\n/).map((part) => part.trim())) {
    if (paragraph === '') continue;
    const joined = chunks.length === 0 ? paragraph : `${chunks.at(-1)}\n\n${paragraph}`;
    if (chunks.length > 0 && joined.length <= MAX_CHUNK_LENGTH) chunks[chunks.length - 1] = joined;
    else chunks.push(paragraph);
  }
  return chunks;
}

const INSERT_DOCUMENT = `
  INSERT INTO documents (directory_id, file_id, sha256, file_name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;

const INSERT_CHUNKS = `
  INSERT INTO chunks (directory_id, file_id, sha256, position, content)
  SELECT $1, $2, $3, position, content FROM unnest($4::text[]) WITH ORDINALITY AS chunk (content, position)`;

export function createActivities(pool: Pool) {
  return {
    /**
     * Stores the chunks of a document. Temporal runs an activity at least once, and a second batch over the directory brings the same
     * documents: a document that is there already is left as it is.
     */
    async storeChunks({ directoryId, fileId, sha256, fileName, output }: Document): Promise<void> {
      const chunks = splitMarkdown(await readFile(output, 'utf8'));
      const client = await pool.connect();
      try {
        // One transaction: there is never a document without its chunks.
        await client.query('BEGIN');
        const { rowCount } = await client.query(INSERT_DOCUMENT, [directoryId, fileId, sha256, fileName]);
        if (rowCount === 1) await client.query(INSERT_CHUNKS, [directoryId, fileId, sha256, chunks]);
        await client.query('COMMIT');
        client.release();
      } catch (error) {
        // The connection is closed with its open transaction.
        client.release(true);
        throw error;
      }
    },
  };
}
