/**
 * Numbers as `0-57,60`: which rows of a page are meant, at a few bytes of history however many they are.
 *
 * @param numbers Ascending, none twice.
 */
export function toRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** The numbers of {@link toRanges}, ascending. */
export function fromRanges(text: string): number[] {
  const numbers: number[] = [];
  for (const range of text.split(',')) {
    if (range === '') continue;
    const [from = 0, to = from] = range.split('-').map(Number);
    for (let number = from; number <= to; number++) numbers.push(number);
  }
  return numbers;
}
