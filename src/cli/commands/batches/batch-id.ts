import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../../errors.js';
import { nonEmpty } from '../../options/parsers.js';

export interface BatchIdFlags {
  readonly batchId?: string;
}

/** Adds `--batch-id`, and the same as an argument. */
export function addBatchId<T extends Command>(command: T): T {
  return command
    .argument('[batch-id]', 'id of the batch (bat-...), the same as --batch-id', batchId)
    .option('--batch-id <id>', 'id of the batch (bat-...)', batchId);
}

/** @throws UsageError unless there is one id */
export function readBatchId(argument: string | undefined, { batchId: option }: BatchIdFlags): string {
  const id = option ?? argument;
  if (id === undefined) throw new UsageError('No batch is given', 'Give its id: --batch-id bat-...');
  if (option !== undefined && argument !== undefined) {
    throw new UsageError('Two batches are given', 'Give --batch-id, or the id alone.');
  }
  return id;
}

/** `.` and `..` would reach another route of the API. */
function batchId(value: string): string {
  const id = nonEmpty(value);
  if (id === '.' || id === '..') throw new InvalidArgumentError('Give the id of a batch, bat-...');
  return id;
}
