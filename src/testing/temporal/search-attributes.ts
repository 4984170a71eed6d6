import type { Connection } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';
import {
  encodeSearchAttributeIndexedValueType,
  type SearchAttributeKey,
} from '@temporalio/common/lib/search-attributes.js';

/**
 * Adds the search attributes that the namespace lacks. A new database has those that the server was started with; one
 * from an earlier start, or a namespace that was there before, has not.
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
    searchAttributes: Object.fromEntries(
      missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type)]),
    ),
  });
}
