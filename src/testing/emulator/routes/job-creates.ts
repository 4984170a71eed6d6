import { z } from 'zod';
import { HttpError, invalid } from '../http-error.js';
import { readJsonBody } from '../validation.js';

/** What a request to create a job asks for. */
export interface JobCreate {
  readonly fileInput: string;
  readonly configurationId: string | null;
  readonly tier: string | null;
  readonly userMetadata: Readonly<Record<string, string>> | null;
}

const TIERS = ['fast', 'cost_effective', 'agentic', 'agentic_plus'];
/** Of `tier` and `version`: as in the saved configuration. */
const CONFIGURED = 'configured';

// The API says that there are limits, but not which.
const MAX_METADATA_ENTRIES = 50;
const userMetadata = z
  .record(z.string().max(40), z.string().max(500))
  .refine((entries) => Object.keys(entries).length <= MAX_METADATA_ENTRIES, { error: 'too many entries' });

const webhooks = {
  webhook_configurations: z.array(z.unknown()).nullish(),
  webhook_configuration_ids: z.array(z.string()).nullish(),
};

// The API refuses unknown fields of this request.
const parseCreate = z.strictObject({
  ...webhooks,
  file_id: z.string().nullish(),
  source_url: z.string().nullish(),
  configuration_id: z.string().nullish(),
  tier: z.string(),
  version: z.string(),
  user_metadata: userMetadata.nullish(),
  disable_cache: z.boolean().nullish(),
  client_name: z.string().nullish(),
  http_proxy: z.string().nullish(),
  processing_options: z.unknown().optional(),
  fast_options: z.unknown().optional(),
  agentic_options: z.unknown().optional(),
  input_options: z.unknown().optional(),
  crop_box: z.unknown().optional(),
  page_ranges: z.unknown().optional(),
  output_options: z.unknown().optional(),
  processing_control: z.unknown().optional(),
});

/** The body of `POST /api/v2/parse`. */
export function readParseCreate(body: string): JobCreate {
  const request = readJsonBody(body, parseCreate);
  refuseWebhooks(request);
  if (typeof request.source_url === 'string') throw new HttpError(400, 'the emulator fetches no source_url');
  if (typeof request.file_id !== 'string') throw invalid(['body'], 'file_id or source_url is required', 'value_error');
  const configurationId = request.configuration_id ?? null;
  const isConfigured = request.tier === CONFIGURED && configurationId !== null;
  if (!isConfigured && !TIERS.includes(request.tier)) {
    throw invalid(['body', 'tier'], `Input should be one of ${TIERS.join(', ')}`, 'value_error');
  }
  return {
    fileInput: request.file_id,
    configurationId,
    tier: isConfigured ? null : request.tier,
    userMetadata: request.user_metadata ?? null,
  };
}

const extractCreate = z.object({
  ...webhooks,
  file_input: z.string().max(200),
  configuration_id: z.string().nullish(),
  configuration: z.looseObject({ data_schema: z.looseObject({}) }).nullish(),
});

/** The body of `POST /api/v2/extract`. */
export function readExtractCreate(body: string): JobCreate {
  const request = readJsonBody(body, extractCreate);
  refuseWebhooks(request);
  const configurationId = request.configuration_id ?? null;
  if ((configurationId === null) === (request.configuration == null)) {
    throw invalid(['body'], 'Provide exactly one of configuration_id and configuration', 'value_error');
  }
  return { fileInput: request.file_input, configurationId, tier: null, userMetadata: null };
}

function refuseWebhooks(request: z.infer<z.ZodObject<typeof webhooks>>): void {
  const { webhook_configurations, webhook_configuration_ids } = request;
  if ((webhook_configurations ?? []).length + (webhook_configuration_ids ?? []).length > 0) {
    throw new HttpError(400, 'the emulator sends webhooks of batches only');
  }
}
