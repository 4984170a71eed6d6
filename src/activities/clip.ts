/** A thousand names and messages travel through history at a time, and Temporal takes 2 MB. */
const LONGEST_TEXT = 300;

/** Text from outside, cut to what history has room for. */
export function clip(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : text;
}
