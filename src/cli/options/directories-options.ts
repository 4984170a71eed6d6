import type { Command } from 'commander';
import {
  DEFAULT_MAX_CONCURRENT_BATCHES,
  MAX_CONCURRENT_BATCHES_LIMIT,
  type ProcessDirectoriesInput,
} from '../../protocol/index.js';
import { UsageError } from '../errors.js';
import { type BatchFlags, toBatchOptions } from './batch-options.js';
import { integer } from './parsers.js';

/** Options of `processDirectories`. */
export interface DirectoriesFlags extends BatchFlags {
  readonly maxConcurrentBatches?: number;
}

export function addDirectoriesOptions<T extends Command>(command: T): T {
  return command.option(
    '--max-concurrent-batches <n>',
    `with more than one --directory: process at most this many at a time, 1 to ${MAX_CONCURRENT_BATCHES_LIMIT} (default: ${DEFAULT_MAX_CONCURRENT_BATCHES})`,
    integer(1, MAX_CONCURRENT_BATCHES_LIMIT),
  );
}

/**
 * @returns `undefined` when there are fewer than two directories: the flags are those of one batch
 * @throws UsageError when the flags contradict each other or some are missing
 */
export function toDirectoriesInput(flags: DirectoriesFlags): ProcessDirectoriesInput | undefined {
  const { directory = [], job, configuration, maxConcurrentBatches } = flags;
  if (directory.length < 2) {
    if (maxConcurrentBatches === undefined) return undefined;
    throw new UsageError('--max-concurrent-batches needs more than one --directory');
  }
  if (flags.batch !== undefined || flags.onlyMissing) {
    throw new UsageError('--batch and --only-missing can not be given with more than one --directory');
  }
  if (job === undefined || configuration === undefined) {
    throw new UsageError('--job and --configuration are needed', 'Every --directory is processed with them.');
  }
  return {
    directoryIds: [...directory],
    job: { type: job, configurationId: configuration },
    ...toBatchOptions(flags),
    ...(maxConcurrentBatches === undefined ? {} : { maxConcurrentBatches }),
  };
}
