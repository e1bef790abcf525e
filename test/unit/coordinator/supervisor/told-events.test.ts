/** A reader has each step once, also of a coordinator that was killed before its journal came. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToldEvents } from '../../../../src/coordinator/supervisor/told-events.ts';
import type { RunEvent } from '../../../../src/telemetry/run-event.ts';

const checkpoint = (step: number): RunEvent => ({ kind: 'checkpoint', step, path: 'x' });

describe('what a successor tells', () => {
  it('is repeated only if the reader has it and the journal that came lacks it', () => {
    const told = new ToldEvents();
    assert.equal(told.isRepeated(checkpoint(1)), false);
    told.journalCame();
    assert.equal(told.isRepeated(checkpoint(2)), false);
    told.coordinatorWasLost();
    assert.equal(told.isRepeated(checkpoint(2)), true);
    assert.equal(told.isRepeated(checkpoint(3)), false);
  });

  it('is repeated once: steps that are done again from a checkpoint are told again', () => {
    const told = new ToldEvents();
    told.isRepeated(checkpoint(2));
    told.coordinatorWasLost();
    told.journalCame();
    assert.equal(told.isRepeated(checkpoint(2)), true);
    told.journalCame();
    assert.equal(told.isRepeated(checkpoint(2)), false);
  });

  it('is repeated for a second successor, too, when the first one is lost as well', () => {
    const told = new ToldEvents();
    told.isRepeated(checkpoint(2));
    told.coordinatorWasLost();
    told.isRepeated(checkpoint(2));
    told.coordinatorWasLost();
    assert.equal(told.isRepeated(checkpoint(2)), true);
  });

  it('is never repeated where it has no step', () => {
    const told = new ToldEvents();
    const warning: RunEvent = { kind: 'warning', text: 'Lost worker 1.' };
    told.isRepeated(warning);
    told.coordinatorWasLost();
    assert.equal(told.isRepeated(warning), false);
  });
});
