import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../../examples/output-store/memory-store.js';
import type { Content, OutputStore, WriteOptions } from '../../../src/index.js';
import { outputStoreConformance } from '../../../src/testing/index.js';

const EMPTY: WriteOptions = {};

class IdOfEachCall extends MemoryStore {
  override id() {
    return Promise.resolve(randomUUID());
  }
}

class WrapsErrors extends MemoryStore {
  override write(key: readonly string[], content: Content, options = EMPTY) {
    return super.write(key, content, options).catch((cause: unknown) => {
      throw new Error('could not write', { cause });
    });
  }
}

class ShowsParts extends MemoryStore {
  override async write(key: readonly string[], content: Content, options = EMPTY) {
    const chunks: Uint8Array[] = [];
    let stored = await super.write(key, '', options);
    for await (const chunk of typeof content === 'string' ? [Buffer.from(content)] : content) {
      chunks.push(chunk);
      if (chunks.length % 50 === 1) await super.write(key, Buffer.concat(chunks).toString(), options);
    }
    stored = await super.write(key, streamOf(chunks), options);
    return stored;
  }
}

class IgnoresSignal extends MemoryStore {
  override write(key: readonly string[], content: Content) {
    return super.write(key, content);
  }
}

class LeavesContentOpen extends MemoryStore {
  override write(key: readonly string[], content: Content, options = EMPTY) {
    if (typeof content === 'string') return super.write(key, content, options);
    const iterator = content[Symbol.asyncIterator]();
    return super.write(key, { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }, options);
  }
}

class MixesKeys extends MemoryStore {
  override locate(key: readonly string[]) {
    super.locate(key);
    return `${this.root}${key.join('/')}`;
  }
}

class CountsCharacters extends MemoryStore {
  override async write(key: readonly string[], content: Content, options = EMPTY) {
    const stored = await super.write(key, content, options);
    return typeof content === 'string' ? { ...stored, bytes: content.length } : stored;
  }
}

class FailsForWhatIsMissing extends MemoryStore {
  override async read(key: readonly string[]) {
    const content = await super.read(key);
    if (content === undefined) throw new Error('not found');
    return content;
  }
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** The names of the checks that a store does not pass. */
async function failedChecks(open: () => Promise<OutputStore>): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of outputStoreConformance(open)) await run().catch(() => failed.push(name));
  return failed;
}

describe('the checks of an output store', () => {
  const store = new MemoryStore();

  test.each(outputStoreConformance(async () => store))('of the example in the docs: $name', ({ run }) => run());

  const breaks = 'a stream that breaks leaves what was there, and its error is thrown unchanged';
  const aborts = 'a write whose signal aborts throws its reason, closes the content, and leaves what was there';
  const aborted = 'a write whose signal has aborted already writes nothing';

  test.each<[string, () => OutputStore, string[]]>([
    [
      'has another id each time',
      () => new IdOfEachCall(),
      ['workers that start together get the same id, a UUID, and so does a later one'],
    ],
    [
      'wraps the errors of contents',
      () => new WrapsErrors(),
      [breaks, aborts, aborted, 'a key without names is a TypeError'],
    ],
    [
      'shows a document that is not whole',
      () => new ShowsParts(),
      ['a write is not seen before it is whole', breaks, aborts],
    ],
    ['ignores the signal', () => new IgnoresSignal(), [aborts, aborted]],
    ['leaves a content open', () => new LeavesContentOpen(), [aborts]],
    ['mixes keys', () => new MixesKeys(), ['each key has a content of its own, whatever its names are']],
    [
      'counts characters',
      () => new CountsCharacters(),
      ['a text is stored as UTF-8, with its location, size in bytes and SHA-256'],
    ],
    [
      'fails for what is not there',
      () => new FailsForWhatIsMissing(),
      ['what is not there reads as undefined, and has no size'],
    ],
  ])('find a store that %s', async (_, make, expected) => {
    const broken = make();
    expect(await failedChecks(async () => broken)).toEqual(expected);
  });
});
