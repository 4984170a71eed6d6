import { expect, it } from 'vitest';
import { parseConfig } from '../../../../src/cli/commands/batches/parse-config.js';
import { UsageError } from '../../../../src/cli/errors.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' };

it.each([
  ['the form of the documents', '{job: {configuration_id: cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, type: parse_v2}}'],
  ['JSON', '{"job":{"type":"parse_v2","configuration_id":"cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}}'],
  [
    'JSON with tabs',
    '{\n\t"job": {\n\t\t"type": "parse_v2",\n\t\t"configuration_id": "cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"\n\t}\n}',
  ],
  [
    'YAML in lines',
    'job:\n  # a comment\n  type: parse_v2\n  configuration_id: cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n',
  ],
  ['YAML with quotes', '{job: {type: \'parse_v2\', configuration_id: "cfg-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}}'],
])('--config takes %s', (_, text) => {
  expect(parseConfig(text)).toEqual(JOB);
});

it.each([
  ['', 'config: Invalid input: expected object'],
  ['nonsense', 'config: Invalid input: expected object'],
  ['{job: {type:parse_v2, configuration_id:cfg-1}}', 'config.job.type: Invalid option'],
  ['{job: {type: parse, configuration_id: cfg-1}}', 'expected one of "parse_v2"|"extract_v2"'],
  ['{job: {type: parse_v2}}', 'config.job.configuration_id: Invalid input: expected string'],
  ['{job: {type: parse_v2, configuration_id: 123}}', 'config.job.configuration_id: Invalid input: expected string'],
  ['{job: {type: parse_v2, configuration_id: cfg-1, tier: fast}}', 'Unrecognized key: "tier"'],
  ['{job: {type: parse_v2, configuration_id: cfg-1}, webhooks: []}', 'Unrecognized key: "webhooks"'],
  ['{job: {type: parse_v2', 'is neither JSON nor YAML. Flow map'],
  ['{job: {type: parse_v2, type: extract_v2}}', 'Map keys must be unique at line 1, column 24'],
  ['[', 'is neither JSON nor YAML'],
  ['['.repeat(100_000), 'is neither JSON nor YAML'],
])('--config refuses %j, and says why in a sentence', (text, reason) => {
  const refuse = () => parseConfig(text);
  expect(refuse).toThrow(UsageError);
  expect(refuse).toThrow(reason);
  expect(refuse).not.toThrow('\n');
});
