import { expect, test } from 'vitest';
import type { DirectoriesPhase } from '../../../src/index.js';
import { newDirectoriesState } from '../../../src/workflows/directories/state.js';
import { renderDirectoriesTimeRows } from '../../../src/workflows/directories/time-rows.js';

function rowsOf(phase: DirectoriesPhase, isPaused = false) {
  const pause = isPaused ? { by: null, reason: null, since: '2026-11-28T09:00:00.000Z' } : null;
  const state = { ...newDirectoriesState(Date.now()), phase, control: { pause, maxConcurrentJobs: null } };
  return Object.fromEntries(renderDirectoriesTimeRows(state).filter(([, value]) => value !== null));
}

test.each([
  ['opening', 'Next try', /`openDirectories`/],
  ['processing', 'Next poll', /each child workflow/],
  ['reporting', 'Next try', /`writeDirectoriesManifest`/],
  ['stopping', 'Next try', /each child workflow/],
] as const)(
  'the details of a run over many directories in the phase %s say when something happens next',
  (phase, name, text) => {
    expect(rowsOf(phase)[name]).toMatch(text);
    expect(rowsOf(phase)['Last change']).toMatch(/ UTC$/);
  },
);

test('a run over many directories that is paused has neither a next poll nor a time left', () => {
  expect(Object.keys(rowsOf('processing', true))).toEqual(['Last change']);
});

test.each(['completed', 'failed', 'cancelled'] as const)(
  'a run over many directories that is %s has no such times',
  (phase) => {
    expect(rowsOf(phase)).toEqual({});
  },
);
