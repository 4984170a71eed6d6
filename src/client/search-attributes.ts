/** Registers the search attributes of batch runs in a namespace. */
import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { checkSearchAttributes, KEYWORD_TYPE, SEARCH_ATTRIBUTES } from '../protocol/index.js';

/** The search attributes of a run, as the SDK's typed keys. */
export const SEARCH_ATTRIBUTE_KEYS = Object.values(SEARCH_ATTRIBUTES).map((name) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
);

/** gRPC's PERMISSION_DENIED, UNIMPLEMENTED and UNAUTHENTICATED. Temporal Cloud answers with one of them. */
const NOT_ALLOWED_CODES: ReadonlySet<unknown> = new Set([7, 12, 16]);

const ALREADY_EXISTS = 6;

/** The server does not let clients register search attributes. The message says how to register them instead. */
export class SearchAttributesNotAllowed extends Error {
  override readonly name = 'SearchAttributesNotAllowed';

  constructor(namespace: string, cause: unknown) {
    const flags = Object.values(SEARCH_ATTRIBUTES).map((name) => `--search-attribute ${name}=Keyword`);
    super(
      `This Temporal server does not let clients register search attributes. On Temporal Cloud, add them as Keywords in ` +
        `the settings of the namespace, or run: ` +
        `tcld namespace search-attributes add --namespace ${namespace} ${flags.join(' ')}`,
      { cause },
    );
  }
}

/**
 * Registers the search attributes in a namespace. Those that are registered already stay as they are.
 *
 * @returns The names of the search attributes that were added.
 * @throws SearchAttributesNotAllowed if the server does not let clients register them, as on Temporal Cloud.
 * @throws TypeError if one of the names is registered with another type.
 */
export async function registerSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const { missing, wrongType } = checkSearchAttributes(customAttributes);
    if (wrongType.length > 0) {
      throw new TypeError(`In namespace ${namespace}, ${wrongType.join(', ')} is registered, but not as a Keyword`);
    }
    if (missing.length === 0) return [];
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD_TYPE])),
    });
    return missing;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (NOT_ALLOWED_CODES.has(code)) throw new SearchAttributesNotAllowed(namespace, error);
    // Another process registered them at the same time.
    if (code === ALREADY_EXISTS) return [];
    throw error;
  }
}
