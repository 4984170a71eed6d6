import { parse } from 'yaml';
import { z } from 'zod';
import { type BatchJob, JOB_TYPES } from '../../../protocol/index.js';
import { UsageError } from '../../errors.js';

/** LlamaCloud's `BatchConfiguration`. Strict: a key that is not sent must not be ignored silently. */
const configSchema = z.strictObject({
  job: z.strictObject({ type: z.enum(JOB_TYPES), configuration_id: z.string().min(1) }),
});

const EXAMPLE = `Write it as JSON or YAML: '{job: {configuration_id: cfg-PARSE_AGENTIC, type: parse_v2}}', with a space after each colon.`;

/**
 * Parses the value of `--config`: JSON, or the form in LlamaCloud's documents, which is YAML. JSON is YAML too.
 *
 * @throws UsageError
 */
export function parseConfig(text: string): BatchJob {
  const parsed = configSchema.safeParse(parseYaml(text));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${['config', ...path].join('.')}: ${message}`);
    throw new UsageError(`--config is not a batch configuration. ${problems.join('. ')}`, EXAMPLE);
  }
  const { type, configuration_id } = parsed.data.job;
  return { type, configurationId: configuration_id };
}

function parseYaml(text: string): unknown {
  try {
    // Without the warnings, which would go to stderr: the schema says what is wrong with a value.
    const config: unknown = parse(text, { logLevel: 'error', stringKeys: true });
    return config;
  } catch (error) {
    // The lines after the first quote the text.
    const [reason = ''] = error instanceof Error ? error.message.split('\n', 1) : [];
    throw new UsageError(`--config is neither JSON nor YAML. ${reason.replace(/:$/, '')}`, EXAMPLE);
  }
}
