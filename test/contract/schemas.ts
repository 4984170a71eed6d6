// The responses in LlamaCloud's public OpenAPI document, for the routes that this project uses: required fields, types, which may be
// null, and the values of enums. Unknown fields are allowed, as in the document.

type Schema = Readonly<Record<string, unknown>>;

const string = { type: 'string' };
const integer = { type: 'integer' };
const boolean = { type: 'boolean' };
const anyObject = { type: 'object' };
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d' };
const nonEmpty = { type: 'string', minLength: 1 };

const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const oneOf = (...values: unknown[]): Schema => ({ enum: values });

/** An object with these fields; a name that ends in `?` may be absent. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields);
  return {
    type: 'object',
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), fields[name]])),
  };
}

const page = (items: Schema): Schema =>
  object({ items: list(items), 'next_page_token?': nullable(string), 'total_size?': nullable(integer) });

const jobType = oneOf('parse_v2', 'extract_v2');
const usage = object({ 'credits?': nullable({ type: 'number' }) });

const batch = object({
  id: string,
  'created_at?': nullable(time),
  'updated_at?': nullable(time),
  project_id: string,
  source_directory_id: string,
  config: object({ job: object({ type: jobType, configuration_id: string }) }),
  status: oneOf('PENDING', 'THROTTLED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'),
  'results?': nullable(
    list(
      object({
        source_directory_file_id: string,
        'job_reference?': nullable(object({ type: jobType, id: string })),
        'error_message?': nullable(string),
      }),
    ),
  ),
});

const parseJob = object({
  id: string,
  'created_at?': nullable(time),
  'updated_at?': nullable(time),
  project_id: string,
  status: oneOf('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'),
  'error_message?': nullable(string),
  'name?': nullable(string),
  'tier?': nullable(string),
  'usage?': nullable(usage),
  'user_metadata?': nullable({ type: 'object', additionalProperties: string }),
});

const pages = (...kinds: Schema[]): Schema => nullable(object({ pages: list({ anyOf: kinds }) }));
const failedPage = object({ page_number: integer, error: string, success: oneOf(false) });
const cell = { type: ['string', 'number', 'null'] };
const item = {
  oneOf: [
    object({ type: oneOf('text'), md: string, value: string }),
    object({ type: oneOf('heading'), md: string, value: string, level: integer }),
    object({ type: oneOf('table'), md: string, rows: list(list(cell)), html: string, csv: string }),
  ],
};

const parseResult = object({
  job: parseJob,
  'text?': pages(object({ page_number: integer, text: string })),
  'markdown?': pages(
    object({
      page_number: integer,
      markdown: string,
      'header?': nullable(string),
      'footer?': nullable(string),
      success: oneOf(true),
    }),
    failedPage,
  ),
  'items?': pages(
    object({
      page_number: integer,
      items: list(item),
      page_width: { type: 'number' },
      page_height: { type: 'number' },
      success: oneOf(true),
    }),
    failedPage,
  ),
  'metadata?': pages(object({ page_number: integer, 'confidence?': nullable({ type: 'number' }) })),
  'markdown_full?': nullable(string),
  'text_full?': nullable(string),
  'job_metadata?': nullable(anyObject),
  'raw_parameters?': nullable(anyObject),
  'result_content_metadata?': nullable({
    type: 'object',
    additionalProperties: object({ size_bytes: integer, 'exists?': boolean, 'presigned_url?': nullable(string) }),
  }),
});

const extractJob = object({
  id: string,
  file_input: string,
  project_id: string,
  status: string,
  created_at: time,
  updated_at: time,
  'configuration_id?': nullable(string),
  'configuration?': nullable(
    object({
      data_schema: anyObject,
      'tier?': oneOf('cost_effective', 'agentic', 'agentic_plus'),
      'extraction_target?': oneOf('per_doc', 'per_page', 'per_table_row'),
      'version?': string,
    }),
  ),
  'error_message?': nullable(string),
  'extract_result?': { anyOf: [anyObject, list(anyObject), { type: 'null' }] },
  'extract_metadata?': nullable(
    object({
      'field_metadata?': nullable(anyObject),
      'parse_job_id?': nullable(string),
      'parse_tier?': nullable(string),
    }),
  ),
  'metadata?': nullable(anyObject),
  'usage?': nullable(
    object({
      'credits?': nullable({ type: 'number' }),
      'extract_credits?': nullable({ type: 'number' }),
      'parse_credits?': nullable({ type: 'number' }),
    }),
  ),
});

const directory = object({
  id: string,
  'created_at?': nullable(time),
  'updated_at?': nullable(time),
  project_id: string,
  name: nonEmpty,
  'description?': nullable(string),
  'type?': nullable(oneOf('user', 'index', 'ephemeral')),
  'system_metadata?': nullable(anyObject),
  'expires_at?': nullable(time),
  'deleted_at?': nullable(time),
});

const directoryFile = object({
  id: string,
  'created_at?': nullable(time),
  'updated_at?': nullable(time),
  project_id: string,
  directory_id: string,
  unique_id: nonEmpty,
  display_name: nonEmpty,
  'file_id?': nullable(string),
  'metadata?': anyObject,
  'deleted_at?': nullable(time),
  'download_url?': nullable(object({ url: nonEmpty, expires_at: time, 'form_fields?': nullable(anyObject) })),
});

const configuration = object({
  id: string,
  'created_at?': nullable(time),
  'updated_at?': nullable(time),
  name: string,
  product_type: oneOf('split_v1', 'extract_v2', 'classify_v2', 'parse_v2', 'spreadsheet_v1', 'unknown'),
  version: string,
  parameters: object({ product_type: string }),
});

const dimension = oneOf('day', 'project_id', 'event_type', 'tier');
const usageAggregate = object({
  group_by: list(dimension),
  buckets: list(
    object({
      dimensions: { type: 'object', propertyNames: dimension, additionalProperties: string },
      total_credits: { type: 'number' },
      total_value: integer,
      metric_count: integer,
    }),
  ),
});

/** The status and the schema of the successful response of each route. A 204 has no body. */
export const RESPONSES = {
  'POST /api/v2/batches': { status: 201, schema: batch },
  'GET /api/v2/batches': { status: 200, schema: page(batch) },
  'GET /api/v2/batches/{id}': { status: 200, schema: batch },
  'POST /api/v2/batches/{id}/cancel': { status: 200, schema: batch },
  'GET /api/v2/parse': { status: 200, schema: page(parseJob) },
  'POST /api/v2/parse': { status: 200, schema: parseJob },
  'GET /api/v2/parse/{id}': { status: 200, schema: parseResult },
  'POST /api/v2/parse/{id}/cancel': { status: 200, schema: parseJob },
  'GET /api/v2/extract': { status: 200, schema: page(extractJob) },
  'POST /api/v2/extract': { status: 200, schema: extractJob },
  'GET /api/v2/extract/{id}': { status: 200, schema: extractJob },
  'POST /api/v2/extract/{id}/cancel': { status: 200, schema: extractJob },
  'POST /api/v1/beta/directories': { status: 201, schema: directory },
  'GET /api/v1/beta/directories': { status: 200, schema: page(directory) },
  'DELETE /api/v1/beta/directories/{id}': { status: 204, schema: null },
  'GET /api/v1/beta/directories/{id}': { status: 200, schema: directory },
  'GET /api/v1/beta/directories/{id}/files': { status: 200, schema: page(directoryFile) },
  'POST /api/v1/beta/directories/{id}/files/upload': { status: 201, schema: directoryFile },
  'POST /api/v1/beta/directories/{id}/files/bulk-delete': { status: 204, schema: null },
  'POST /api/v1/beta/configurations': { status: 201, schema: configuration },
  'GET /api/v1/beta/configurations': { status: 200, schema: page(configuration) },
  'GET /api/v1/beta/configurations/{id}': { status: 200, schema: configuration },
  'PUT /api/v1/beta/configurations/{id}': { status: 200, schema: configuration },
  'GET /api/v1/beta/usage-metrics/aggregate': { status: 200, schema: usageAggregate },
} as const;

export const VALIDATION_ERROR: Schema = object({
  detail: list(object({ loc: list({ type: ['string', 'integer'] }), msg: string, type: string })),
});

/** Every other error. */
export const PLAIN_ERROR: Schema = object({ detail: string });
