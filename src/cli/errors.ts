/** An error that ends the command: what happened, and what a person can do about it. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  /** Type of the error, for `--json`. */
  readonly type: string = 'Failed';
  readonly exitCode: 1 | 2 = 1;
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.hint = hint;
  }
}

/** The arguments or the configuration are wrong. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  override readonly type: string = 'Usage';
  override readonly exitCode = 2;
}

/** A batch may have been created although no response gave its id. */
export class CreateOutcomeUnknownError extends CliError {
  override readonly name = 'CreateOutcomeUnknownError';
  override readonly type = 'CreateOutcomeUnknown';
}

/** The Temporal server and namespace that the command uses. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
}

/** No Temporal server answers at the address. */
export class TemporalUnreachableError extends CliError {
  override readonly name = 'TemporalUnreachableError';
  override readonly type = 'TemporalUnreachable';

  constructor({ address }: TemporalTarget, cause: unknown) {
    super(
      `Temporal can't be reached at ${address}`,
      'Start a Temporal server there (temporal server start-dev), or give another --address or TEMPORAL_ADDRESS. To try this out without a server: temporal-llamacloud dev',
      cause,
    );
  }
}

/** The Temporal server has no such namespace. */
export class NamespaceNotFoundError extends CliError {
  override readonly name = 'NamespaceNotFoundError';
  override readonly type = 'NamespaceNotFound';

  constructor({ address, namespace }: TemporalTarget, cause: unknown) {
    super(
      `Namespace ${namespace} does not exist on the Temporal server at ${address}`,
      `Check --namespace and TEMPORAL_NAMESPACE. List the namespaces: temporal operator namespace list --address ${address}. ` +
        `Create this one: temporal operator namespace create --namespace ${namespace} --address ${address}`,
      cause,
    );
  }
}

/** SIGINT, SIGTERM or SIGHUP ended the command. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}
