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
  /** Default: false. */
  readonly hasTls?: boolean;
}

const NO_SERVER_HINT =
  'Start a Temporal server there (temporal server start-dev), or give another --address or TEMPORAL_ADDRESS. ' +
  'To try this out without a server: temporal-llamacloud dev. If the server there uses TLS: set TEMPORAL_TLS=true';

/** gRPC does not say which of these it is. */
const TLS_HINT =
  'Check that a server answers there, and its TLS. Its certificate must be signed by an authority that this machine knows, or by that of ' +
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH, and be for the name of the address, or for TEMPORAL_TLS_SERVER_NAME. If it asks for a certificate of ' +
  'the client: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH. If it has no TLS: TEMPORAL_TLS=false';

/** No Temporal server answers at the address. */
export class TemporalUnreachableError extends CliError {
  override readonly name = 'TemporalUnreachableError';
  override readonly type = 'TemporalUnreachable';

  constructor({ address, hasTls = false }: TemporalTarget, cause: unknown) {
    super(`Temporal can't be reached at ${address}`, hasTls ? TLS_HINT : NO_SERVER_HINT, cause);
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
