import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextOfRun } from '../../../src/cli/next.ts';
import type { RunOutcome } from '../../../src/telemetry/run-event.ts';

it('names no next command for a run whose folder somebody moved away, and ends as the run did', () => {
  const done = { exitCode: 0, lastCheckpoint: 'step-00000036', runFolder: '/nowhere/run' } as const;
  assert.equal(nextOfRun(done as unknown as Parameters<typeof nextOfRun>[0], []), undefined);
});

it('resumes a run that has saved, and names nothing for one whose folder is on another host', () => {
  const saved: RunOutcome = {
    ...{ status: 'stopped', exitCode: 75, reason: 'SIGUSR1', step: 4, stateHash: null },
    ...{ lastCheckpoint: 'run/checkpoints/step-00000004', runFolder: 'run' },
  };
  assert.deepEqual(nextOfRun(saved, []), ['resume', 'run']);
  assert.equal(nextOfRun({ ...saved, onHost: 'h1' }, []), undefined);
});
