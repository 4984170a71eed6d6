/** A copy of the events of a history, with the data of every payload as text. As JSON they would have it as Base64. */
export function decodePayloads(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(decodePayloads);
  // Numbers of 64 bits.
  if (typeof value?.toNumber === 'function') return value.toNumber();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decodePayloads(each)]));
}
