import { z } from 'zod';
import type { CorpusRun } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { corpusDocumentKey } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { assertLastWriter } from './corpus-claim.js';
import { readPlanned } from './planned-files.js';

export interface RemoveGoneDocumentsInput {
  run: CorpusRun;
  segments: string[];
}

const progressSchema = z.object({ removed: z.number() });

/** Removes the documents of the files that are gone. */
export function removeGoneDocuments({ outputs }: ActivityDeps) {
  return ({ run, segments }: RemoveGoneDocumentsInput): Promise<void> =>
    runAttempt('store', 'documents of files that are gone', async ({ signal, progress, saveProgress }) => {
      await assertSameStore(outputs, run.storeId);
      // A later run may have a file again, and its document.
      await assertLastWriter(outputs, run);
      const before = progressSchema.safeParse(progress).data?.removed ?? 0;
      let removed = 0;
      for await (const record of readPlanned(outputs, run, segments)) {
        if (record.kind !== 'remove') continue;
        signal.throwIfAborted();
        removed += 1;
        if (removed <= before) continue;
        const { path, collect } = record.line;
        await outputs.remove?.(corpusDocumentKey({ output: run.output, path }, collect));
        saveProgress({ removed });
      }
    });
}
