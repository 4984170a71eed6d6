import type { Connection } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';
import type { SearchAttributeKey } from '@temporalio/common/lib/search-attributes.js';
import type { temporal } from '@temporalio/proto';

/** The numbers of Temporal's API for what the SDK has names for. */
const INDEXED_VALUE_TYPES = {
  TEXT: 1,
  KEYWORD: 2,
  INT: 3,
  DOUBLE: 4,
  BOOL: 5,
  DATETIME: 6,
  KEYWORD_LIST: 7,
} satisfies Record<SearchAttributeType, temporal.api.enums.v1.IndexedValueType>;

/**
 * Adds the search attributes that the namespace lacks. A new database has those that the server was started with; one
 * from an earlier start has not.
 */
export async function registerSearchAttributes(
  { operatorService }: Connection,
  namespace: string,
  keys: readonly SearchAttributeKey<SearchAttributeType>[],
): Promise<void> {
  if (keys.length === 0) return;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = keys.filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, INDEXED_VALUE_TYPES[type]])),
  });
}
