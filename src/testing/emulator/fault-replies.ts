import type { Fault, LostResponse } from './faults.js';
import { type EmulatorRequest, firstHalf, json, type Reply, replySize } from './http-exchange.js';

/** The response of a fault that keeps the request from taking effect; null for the other kinds. */
export function replyWithoutEffect(fault: Fault, request: EmulatorRequest): Reply | null {
  if (fault.kind === 'html') {
    const page = '<!doctype html><title>Service</title><p>One moment, please.</p>';
    return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(page) };
  }
  if (fault.kind === 'signature-mismatch') return signatureMismatch(request);
  if (fault.kind !== 'status') return null;
  const headers = { ...fault.headers, ...retryAfterHeader(fault.retryAfter) };
  return json({ detail: fault.detail ?? `fault: status ${fault.status}` }, fault.status, headers);
}

/** Applies a fault to the response of a request that took effect. */
export function replaceReply(fault: Fault, reply: Reply): Reply {
  switch (fault.kind) {
    case 'error-after':
      return json({ detail: 'fault: error after effect' }, fault.status ?? 502, retryAfterHeader(fault.retryAfter));
    case 'wrong-json':
      return json({ unexpected: ['another', 'shape'] }, reply.status);
    case 'empty':
      return { ...reply, body: Buffer.alloc(0) };
    case 'partial': {
      const body = firstHalf(reply.body);
      const range = `bytes 0-${replySize(body) - 1}/${replySize(reply.body)}`;
      return { status: 206, headers: { ...reply.headers, 'content-range': range }, body };
    }
    default:
      return reply;
  }
}

/** What the client gets when the response is lost; null stands for a reset connection. */
export function lostReply(kind: LostResponse): Reply | null {
  return kind === 'reset' ? null : json({ detail: 'Service Unavailable' }, 503, { 'retry-after': '1' });
}

function retryAfterHeader(retryAfter: number | Date | undefined): Record<string, string> {
  if (retryAfter === undefined) return {};
  return { 'retry-after': typeof retryAfter === 'number' ? String(retryAfter) : retryAfter.toUTCString() };
}

/** S3's answer to a wrong signature, which repeats the signature of the URL in its body. */
function signatureMismatch({ path, query }: EmulatorRequest): Reply {
  const resource = `${path}?${query}`.replaceAll('&', '&amp;');
  const body = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Error><Code>SignatureDoesNotMatch</Code>',
    '<Message>The request signature we calculated does not match the signature you provided.</Message>',
    `<StringToSign>GET ${resource}</StringToSign>`,
    `<SignatureProvided>${query.get('signature') ?? ''}</SignatureProvided></Error>`,
  ].join('\n');
  return { status: 403, headers: { 'content-type': 'application/xml' }, body: Buffer.from(body) };
}
