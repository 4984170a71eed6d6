/** One page of a parsed document; `width` and `height` in points. */
export interface ParsedPage {
  readonly markdown: string;
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** A parsed file. A text file has one page. */
export interface ParsedDocument {
  readonly pages: readonly ParsedPage[];
}

/** The document can't be parsed; the message becomes the job's `error_message`. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}
