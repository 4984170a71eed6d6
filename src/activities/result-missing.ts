/** A job is COMPLETED, and what is to be stored of it can't be had: it may lag behind its status for a while. */
export class ResultMissing extends Error {
  override readonly name = 'ResultMissing';
}
