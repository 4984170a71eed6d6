/** The custom search attributes of a batch run: names, type, and how they are registered. */

/** All are of type Keyword. */
export const SEARCH_ATTRIBUTES = {
  batchId: 'LlamaCloudBatchId',
  batchStatus: 'LlamaCloudBatchStatus',
  directoryId: 'LlamaCloudDirectoryId',
  jobType: 'LlamaCloudJobType',
  runState: 'LlamaCloudRunState',
} as const;

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD`. */
export const KEYWORD_TYPE = 2;

/**
 * Compares the search attributes of a namespace with {@link SEARCH_ATTRIBUTES}.
 *
 * @param registered Types by name, as Temporal's `listSearchAttributes` and `getSearchAttributes` return them.
 */
export function checkSearchAttributes(registered: Readonly<Record<string, unknown>>): {
  missing: string[];
  wrongType: string[];
} {
  const names = Object.values(SEARCH_ATTRIBUTES);
  return {
    missing: names.filter((name) => registered[name] == null),
    wrongType: names.filter((name) => (registered[name] ?? KEYWORD_TYPE) !== KEYWORD_TYPE),
  };
}

/** The command of the Temporal CLI that registers the search attributes in a namespace. */
export function registerCommand(namespace: string): string {
  const attributes = Object.values(SEARCH_ATTRIBUTES).map((name) => `--name ${name} --type Keyword`);
  return `temporal operator search-attribute create --namespace ${namespace} ${attributes.join(' ')}`;
}
