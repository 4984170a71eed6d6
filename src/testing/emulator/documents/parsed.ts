/** One page of a parsed document; sizes in points. */
export interface ParsedPage {
  readonly markdown: string;
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** What parsing a file gives. A file that is not paged has one page. */
export interface ParsedDocument {
  readonly pages: readonly ParsedPage[];
}

/** A document that can't be parsed; the message becomes the job's `error_message`. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}
