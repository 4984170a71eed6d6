import type { Command } from 'commander';
import {
  DEFAULT_MAX_CONCURRENT_BATCHES,
  MAX_CONCURRENT_BATCHES_LIMIT,
  type ProcessDirectoriesInput,
} from '../protocol/index.js';
import { type BatchFlags, optionsOf } from './batch-options.js';
import { UsageError } from './errors.js';
import { integer } from './values.js';

/** The flags that say what a run over many directories does. */
export interface DirectoriesFlags extends BatchFlags {
  readonly maxConcurrentBatches?: number;
}

export function addDirectoriesOptions<T extends Command>(command: T): T {
  return command.option(
    '--max-concurrent-batches <n>',
    `with more than one --directory: batches open at a time (default: ${DEFAULT_MAX_CONCURRENT_BATCHES})`,
    integer(1, MAX_CONCURRENT_BATCHES_LIMIT),
  );
}

/**
 * `undefined` where there are not many directories: then the flags are those of a single batch.
 *
 * @throws UsageError when the flags do not fit together.
 */
export function directoriesInputOf(flags: DirectoriesFlags): ProcessDirectoriesInput | undefined {
  const { directory = [], job, configuration, maxConcurrentBatches } = flags;
  if (directory.length < 2) {
    if (maxConcurrentBatches === undefined) return undefined;
    throw new UsageError('--max-concurrent-batches needs more than one --directory: each of them is a batch');
  }
  if (flags.batch !== undefined || flags.onlyFailed) {
    throw new UsageError('--batch and --only-failed are for one batch, and each --directory is one');
  }
  if (job === undefined || configuration === undefined) {
    throw new UsageError('--job and --configuration are needed: every --directory is processed with them');
  }
  return {
    directoryIds: [...directory],
    job: { type: job, configurationId: configuration },
    ...optionsOf(flags),
    ...(maxConcurrentBatches === undefined ? {} : { maxConcurrentBatches }),
  };
}
