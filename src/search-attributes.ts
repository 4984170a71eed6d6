/** The search attributes by which batch runs are found in the Temporal UI, and their registration in a namespace. */
import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from './protocol/index.js';

/** The four search attributes of a batch run, as the SDK's typed keys. */
export const SEARCH_ATTRIBUTE_KEYS = Object.values(SEARCH_ATTRIBUTES).map((name) =>
  defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
);

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/** PERMISSION_DENIED, UNIMPLEMENTED and UNAUTHENTICATED: the server does not allow this. Temporal Cloud answers one of them. */
const NOT_ALLOWED_CODES: ReadonlySet<unknown> = new Set([7, 12, 16]);

const ALREADY_EXISTS = 6;

/** The server does not allow search attributes to be registered through its API. The message says what to do instead. */
export class SearchAttributesNotAllowed extends Error {
  override readonly name = 'SearchAttributesNotAllowed';

  constructor(namespace: string, cause: unknown) {
    const flags = Object.values(SEARCH_ATTRIBUTES).map((name) => `--search-attribute ${name}=Keyword`);
    super(
      `This server does not allow search attributes to be registered this way, as Temporal Cloud does not. ` +
        `There, add them as Keywords in the namespace's settings, or run: ` +
        `tcld namespace search-attributes add --namespace ${namespace} ${flags.join(' ')}`,
      { cause },
    );
  }
}

/**
 * Registers the four search attributes in a namespace. Registered ones stay as they are.
 *
 * @returns the names of those that were added
 * @throws SearchAttributesNotAllowed if the server does not allow it, as Temporal Cloud does not
 * @throws TypeError if one of the names is registered with another type
 */
export async function registerSearchAttributes(
  { operatorService }: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const names = Object.values(SEARCH_ATTRIBUTES);
    const wrong = names.filter((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
    if (wrong.length > 0) {
      throw new TypeError(`In namespace ${namespace}, ${wrong.join(', ')} is registered, but not as a Keyword`);
    }
    const missing = names.filter((name) => !(name in customAttributes));
    if (missing.length === 0) return [];
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
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
