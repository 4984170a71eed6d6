/** The header by which a delivery names the run of its batch. The worker adds it to the webhook of each batch that it creates. */
import { isSigned, readDigest, sign } from './signature.js';

/** LlamaCloud sends it with each delivery, as it was given. */
export const RUN_HEADER = 'Temporal-LlamaCloud-Run';

/** A body that LlamaCloud signs with the same secret starts with `{` or `"`, so that neither signature can pass for the other. */
const SIGNED_PREFIX = 'temporal-llamacloud-run:';

/**
 * Makes the value: the workflow id in base64url, since a header takes ASCII only, and a signature. LlamaCloud's own signature covers the
 * body, not the headers: without this one, who has seen a delivery could send its body with the name of any workflow.
 */
export function toRunHeader(workflowId: string, secret: string): string {
  const digest = sign(SIGNED_PREFIX + workflowId, secret).toString('hex');
  return `${Buffer.from(workflowId, 'utf8').toString('base64url')}.sha256=${digest}`;
}

/** Reads the workflow id. Returns `undefined` if none of the secrets has signed it. */
export function readRunHeader(value: string, secrets: readonly string[]): string | undefined {
  const [encoded = '', signature = ''] = value.split('.');
  const workflowId = Buffer.from(encoded, 'base64url').toString('utf8');
  const digest = readDigest(signature);
  return digest !== undefined && isSigned(SIGNED_PREFIX + workflowId, digest, secrets) ? workflowId : undefined;
}
