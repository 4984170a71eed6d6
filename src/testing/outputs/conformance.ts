import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import type { Content, OutputStore } from '../../outputs/store.js';
import { NAMES } from './names.js';

/** One promise of an output store. */
export interface OutputStoreCheck {
  /** Says what is promised. */
  readonly name: string;
  /** Rejects with an `AssertionError` if the store does not keep it. */
  run(): Promise<void>;
}

/** Opens the store that is checked, as each worker does: all that it opens are the same store. */
type Open = () => Promise<OutputStore>;

/** More than one part of a multipart upload to S3. */
const LARGE_BYTES = 11 * 1024 * 1024;

const TEXTS = ['', 'plain', 'Grüße, 世界 \u{1F600}\n', 'x'.repeat(300_000)];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The checks of what activities need of an output store. They are for any test runner, in any order, also at the same time. Each check
 * writes to a folder of its own, which stays.
 *
 * @param open Opens the store. Let it be empty at first, so that the creation of its id is checked too.
 *
 * @example
 * ```ts
 * for (const { name, run } of outputStoreConformance(async () => new MyStore())) test(name, run);
 * ```
 */
export function outputStoreConformance(open: Open): OutputStoreCheck[] {
  return Object.entries(CHECKS).map(([name, check]) => ({
    name,
    run: async () => check(await open(), `conformance-${randomUUID()}`, open),
  }));
}

const CHECKS: Record<string, (store: OutputStore, folder: string, open: Open) => Promise<void>> = {
  'workers that start together get the same id, a UUID, and so does a later one': async (_store, _folder, open) => {
    const ids = await Promise.all(Array.from({ length: 8 }, async () => (await open()).id()));
    const [id = ''] = ids;
    assert.match(id, UUID);
    for (const other of [...ids, await (await open()).id()]) assert.equal(other, id);
  },

  'the check passes for a store that can be written to, also twice, and leaves documents alone': async (
    store,
    folder,
  ) => {
    const key = [folder, 'a.md'];
    await store.write(key, 'a document');
    await store.check();
    await store.check();
    assert.equal(await readText(store, key), 'a document');
  },

  'a text is stored as UTF-8, with its location, size in bytes and SHA-256': async (store, folder) => {
    for (const [index, text] of TEXTS.entries()) {
      const key = [folder, `${index}.md`];
      const stored = await store.write(key, text);
      assert.deepEqual(stored, { location: store.locate(key), bytes: Buffer.byteLength(text), sha256: sha256(text) });
      assert.equal(await readText(store, key), text);
      assert.equal(await store.size(key), stored.bytes);
    }
  },

  'a stream is stored in its order': async (store, folder) => {
    const key = [folder, 'a.md'];
    const stored = await store.write(key, chunks('Grü', 'ße', '', '世界'));
    assert.deepEqual(stored, { location: store.locate(key), bytes: 13, sha256: sha256('Grüße世界') });
    assert.equal(await readText(store, key), 'Grüße世界');
  },

  'a large stream is stored, and read, as it is': async (store, folder) => {
    const key = [folder, 'large.json'];
    const expected = createHash('sha256');
    for await (const chunk of largeContent()) expected.update(chunk);
    const stored = await store.write(key, largeContent());
    const digest = expected.digest('hex');
    assert.deepEqual(stored, { location: store.locate(key), bytes: LARGE_BYTES, sha256: digest });
    const actual = createHash('sha256');
    for await (const chunk of await readContent(store, key)) actual.update(chunk);
    assert.equal(actual.digest('hex'), digest);
    assert.equal(await store.size(key), LARGE_BYTES);
  },

  'a write replaces what was there, even if it was longer': async (store, folder) => {
    const key = [folder, 'a.md'];
    await store.write(key, 'something long');
    await store.write(key, chunks('short'));
    assert.equal(await readText(store, key), 'short');
  },

  'a write is not seen before it is whole': async (store, folder) => {
    const [replaced, added] = [
      [folder, 'replaced.md'],
      [folder, 'added.md'],
    ];
    await store.write(replaced, 'old');
    for (const key of [replaced, added]) {
      const seen: (string | undefined)[] = [];
      await store.write(
        key,
        (async function* () {
          yield* largeContent();
          seen.push(await findText(store, key));
          yield Buffer.from('the end');
        })(),
      );
      assert.deepEqual(seen, [key === replaced ? 'old' : undefined]);
      assert.equal(await store.size(key), LARGE_BYTES + 7);
    }
  },

  'a stream that breaks leaves what was there, and its error is thrown unchanged': async (store, folder) => {
    for (const begin of [() => chunks('some'), largeContent]) {
      const [replaced, added] = [
        [folder, 'replaced.md'],
        [folder, 'added.md'],
      ];
      await store.write(replaced, 'old');
      const broken = new Error('the document broke off');
      const content = async function* () {
        yield* begin();
        throw broken;
      };
      assert.equal(await rejection(store.write(replaced, content())), broken);
      assert.equal(await rejection(store.write(added, content())), broken);
      assert.equal(await readText(store, replaced), 'old');
      assert.equal(await findText(store, added), undefined);
      assert.equal(await store.size(added), undefined);
    }
  },

  'a write whose signal aborts throws its reason, closes the content, and leaves what was there': async (
    store,
    folder,
  ) => {
    for (const begin of [() => chunks('some'), largeContent]) {
      const key = [folder, 'a.md'];
      await store.write(key, 'old');
      const controller = new AbortController();
      const reason = new Error('the activity was cancelled');
      let isClosed = false;
      const content = async function* () {
        try {
          yield* begin();
          controller.abort(reason);
          for (let count = 0; count < 1_000; count++) yield Buffer.from('more');
        } finally {
          isClosed = true;
        }
      };
      assert.equal(await rejection(store.write(key, content(), { signal: controller.signal })), reason);
      assert.equal(isClosed, true);
      assert.equal(await readText(store, key), 'old');
    }
  },

  'a write whose signal has aborted already writes nothing': async (store, folder) => {
    const reason = new Error('the activity was cancelled');
    const key = [folder, 'a.md'];
    for (const content of ['a', chunks('a')]) {
      assert.equal(await rejection(store.write(key, content, { signal: AbortSignal.abort(reason) })), reason);
      assert.equal(await store.size(key), undefined);
    }
  },

  'writes of one key at the same time end in one whole content': async (store, folder) => {
    const key = [folder, 'a.md'];
    const texts = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(50_000 + index));
    const stored = await Promise.all(texts.map((text) => store.write(key, chunks(text.slice(0, 9), text.slice(9)))));
    assert.deepEqual(
      stored.map((one) => one.sha256),
      texts.map(sha256),
    );
    assert.ok(texts.includes(await readText(store, key)));
  },

  'what is not there reads as undefined, and has no size': async (store, folder) => {
    assert.equal(await store.read([folder, 'a.md']), undefined);
    assert.equal(await store.size([folder, 'a.md']), undefined);
  },

  'another worker reads what one has written': async (store, folder, open) => {
    const key = [folder, 'runs', 'run-1', 'manifest.part-00000.jsonl'];
    await store.write(key, '{}\n');
    const other = await open();
    assert.equal(await readText(other, key), '{}\n');
    assert.equal(other.locate(key), store.locate(key));
    assert.equal(other.root, store.root);
  },

  'a location is below the root, and keeps a name that is safe': async (store, folder) => {
    const location = store.locate([folder, 'report.pdf.3f9a0c51b7de.md']);
    assert.ok(location.startsWith(store.root), `${location} is not below ${store.root}`);
    assert.ok(location.endsWith('report.pdf.3f9a0c51b7de.md'), location);
  },

  'each key has a content of its own, whatever its names are': async (store, folder) => {
    const keys = [...NAMES.map((name) => [folder, name]), [folder, 'a', 'b'], [folder, 'a', '..', 'b'], [folder, 'b']];
    const inOrder = [];
    for (const key of keys) {
      await store.write(key, JSON.stringify(key));
      inOrder.push(store.locate(key));
    }
    for (const key of keys) assert.equal(await readText(store, key), JSON.stringify(key));
    assert.equal(new Set(inOrder).size, keys.length);
  },

  'a key without names is a TypeError': async (store) => {
    assert.ok((await rejection(store.write([], 'a'))) instanceof TypeError);
    assert.ok((await rejection(store.read([]))) instanceof TypeError);
    assert.ok((await rejection(store.size([]))) instanceof TypeError);
    assert.throws(() => store.locate([]), TypeError);
  },
};

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** Chunks of several sizes, none of which divides the size of a part. */
async function* largeContent(): AsyncGenerator<Uint8Array> {
  let written = 0;
  for (let index = 0; written < LARGE_BYTES; index++) {
    const chunk = Buffer.alloc(Math.min(40_000 + 7_777 * (index % 50), LARGE_BYTES - written), `${index} `);
    written += chunk.byteLength;
    yield chunk;
  }
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

async function readContent(store: OutputStore, key: readonly string[]): Promise<Exclude<Content, string>> {
  const content = await store.read(key);
  assert.ok(content !== undefined, `there is nothing at ${store.locate(key)}`);
  return content;
}

async function readText(store: OutputStore, key: readonly string[]): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const chunk of await readContent(store, key)) read.push(chunk);
  return Buffer.concat(read).toString('utf8');
}

async function findText(store: OutputStore, key: readonly string[]): Promise<string | undefined> {
  return (await store.size(key)) === undefined ? undefined : readText(store, key);
}

/** What an operation rejects with. */
async function rejection(operation: Promise<unknown>): Promise<unknown> {
  try {
    await operation;
  } catch (error) {
    return error;
  }
  return assert.fail('it did not fail');
}
