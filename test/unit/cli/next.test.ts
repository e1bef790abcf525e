import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextOfRun } from '../../../src/cli/next.ts';

it('names no next command for a run whose folder somebody moved away, and ends as the run did', () => {
  const done = { exitCode: 0, lastCheckpoint: 'step-00000036', runFolder: '/nowhere/run' } as const;
  assert.equal(nextOfRun(done as unknown as Parameters<typeof nextOfRun>[0], []), undefined);
});
