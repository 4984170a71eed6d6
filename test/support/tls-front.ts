/** A TLS front for a Temporal server that has none: a deployed cluster asks for a client certificate, Temporal Cloud for an API key. */
import {
  connect,
  constants,
  createSecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { generate } from 'selfsigned';
import { onTestFinished } from 'vitest';
import { listening } from '../llamacloud/support.js';

const { HTTP2_HEADER_STATUS, HTTP2_HEADER_CONTENT_TYPE } = constants;
const UNAUTHENTICATED = '16';

/** The name in the certificate of the server: not the address that it is reached at. */
export const SERVER_NAME = 'temporal.internal';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface TlsFront {
  readonly address: string;
  /** Signs the certificate of the server. */
  readonly authority: string;
  /** Requests that went through. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
}

export interface TlsFrontOptions {
  /** Signs the certificates of clients. Default: none is asked for. */
  readonly clientAuthority?: string;
  /** The key that each request must have. */
  readonly apiKey?: string;
}

const P256 = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

export async function createAuthority(name: string): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...P256,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
    ],
  });
  return { cert, key };
}

export async function createCertificate(name: string, authority: Certificate): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...P256,
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  return { cert, key };
}

/** Passes each request on to the server at `target`, a host and port. It ends with the test. */
export async function startTlsFront(
  target: string,
  { clientAuthority, apiKey }: TlsFrontOptions = {},
): Promise<TlsFront> {
  const authority = await createAuthority('an authority');
  const server = createSecureServer({
    ...(await createCertificate(SERVER_NAME, authority)),
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
  });
  const sessions = new Set<Http2Session>();
  const requests: TlsFront['requests'] = [];
  const upstream = connect(`http://${target}`);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const { authorization, ':path': path = '' } = headers;
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) return refuse(stream);
    requests.push({ path, authorization });
    return pass(stream, headers);
  });

  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const forwarded = upstream.request({ ...headers, [constants.HTTP2_HEADER_SCHEME]: 'http' });
    let trailers: IncomingHttpHeaders = {};
    forwarded.on('response', ({ [HTTP2_HEADER_STATUS]: status, ...rest }, flags) => {
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond({ [HTTP2_HEADER_STATUS]: status, ...rest }, { endStream, waitForTrailers: !endStream });
    });
    forwarded.on('trailers', (received) => {
      trailers = received;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('error', () => forwarded.close());
    stream.on('aborted', () => forwarded.close());
    forwarded.on('error', () => stream.close());
    stream.pipe(forwarded).pipe(stream);
  }

  const { host } = new URL(await listening(server));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    upstream.destroy();
    server.close();
  });
  return { address: host, authority: authority.cert, requests };
}

function refuse(stream: ServerHttp2Stream): void {
  const headers = { 'grpc-status': UNAUTHENTICATED, 'grpc-message': 'the API key is not valid' };
  stream.respond(
    { [HTTP2_HEADER_STATUS]: 200, [HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc', ...headers },
    { endStream: true },
  );
}
