/** A thousand names and messages travel through history at a time, and Temporal takes 2 MB. */
const LONGEST_TEXT_BYTES = 300;

/** Text from outside, cut to what history has room for: by its bytes, since a letter may have four. */
export function clip(text: string, longest = LONGEST_TEXT_BYTES): string {
  let bytes = 0;
  let end = 0;
  for (const letter of text) {
    bytes += bytesOf(letter);
    if (bytes > longest) return `${text.slice(0, end)}…`;
    end += letter.length;
  }
  return text;
}

function bytesOf(letter: string): number {
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
