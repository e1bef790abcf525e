import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { otherRates } from '../../../../src/workflow/predict/sample-rates.ts';

describe('sampling rates', () => {
  it('are named where training had others', () => {
    assert.equal(
      otherRates([8000], [44_100, 8000, 16_000]),
      'the sounds have sampling rates of 16000, 44100 Hz, those of training of 8000 Hz: give them that rate first',
    );
  });

  it('are no matter where they agree, or where no sounds were trained on', () => {
    assert.equal(otherRates([8000, 16_000], [8000]), undefined);
    assert.equal(otherRates([], [8000]), undefined);
    assert.equal(otherRates([8000], []), undefined);
  });
});
