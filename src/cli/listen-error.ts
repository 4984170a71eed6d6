import { CliError } from './errors.js';

export const MAX_PORT = 65_535;

/**
 * Says what is wrong with a port or an address that a server can't listen on. Any other error stays as it is.
 *
 * @param setting What gives the port and the address.
 */
export function toListenError(error: unknown, port: number, setting = '--port'): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(`Port ${port} is in use`, `Choose another ${setting}, or 0 for a free one.`, error);
    case 'EACCES':
      return new CliError(`Port ${port} needs more permissions`, `Choose a ${setting} above 1023.`, error);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliError(
        setting === '--port'
          ? 'This machine does not have the address of --host'
          : `This machine does not have the address of ${setting}`,
        'Take 127.0.0.1, or 0.0.0.0.',
        error,
      );
    default:
      return error;
  }
}
