import { randomUUID } from 'node:crypto';

/** A form with text fields and one file, which comes last. */
export interface MultipartForm {
  fields: Readonly<Record<string, string | undefined>>;
  file: { field: string; name: string; sizeBytes: number };
}

/** What surrounds the content of the file in the body of the request. */
export interface MultipartFrame {
  contentType: string;
  head: Uint8Array;
  tail: Uint8Array;
}

/**
 * Encodes a form as `multipart/form-data`, without the content of its file.
 *
 * Not with `FormData`, for two reasons. It takes a file only as a `Blob`, not as a stream. And it replaces each line feed in a text by
 * CR LF: a path with a line feed would come back from LlamaCloud as another `unique_id`.
 */
export function encodeMultipart({ fields, file }: MultipartForm): MultipartFrame {
  const boundary = `temporal-llamacloud-${randomUUID()}`;
  const encoder = new TextEncoder();
  const texts = Object.entries(fields).map(([name, value]) =>
    value === undefined ? '' : `--${boundary}\r\n${toDisposition(name)}\r\n\r\n${value}\r\n`,
  );
  const fileHead = [
    `--${boundary}`,
    `${toDisposition(file.field)}; filename="${escapeName(file.name)}"`,
    'Content-Type: application/octet-stream',
    '\r\n',
  ].join('\r\n');
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    head: encoder.encode(texts.join('') + fileHead),
    tail: encoder.encode(`\r\n--${boundary}--\r\n`),
  };
}

function toDisposition(field: string): string {
  return `Content-Disposition: form-data; name="${escapeName(field)}"`;
}

/** As browsers do, by the HTML standard. */
function escapeName(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
