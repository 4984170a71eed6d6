/** A job is COMPLETED but its result cannot be read yet: a result may appear some time after the status. */
export class ResultMissing extends Error {
  override readonly name = 'ResultMissing';
}
