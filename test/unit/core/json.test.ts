import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonObject } from '../../../src/core/json.ts';

describe('isJsonObject()', () => {
  it('is true of every JSON object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.equal(isJsonObject(value), true);
      }),
    );
  });

  for (const value of [null, undefined, 'text', 1, true, [], [{}], new Map(), new Uint8Array(2)]) {
    it(`is false of ${JSON.stringify(value)} (${typeof value}), which is none`, () => {
      assert.equal(isJsonObject(value), false);
    });
  }

  const NO_JSON = [undefined, 1n, Number.NaN, -1 / 0, new Date(0), new Uint8Array(1), () => 1];
  for (const value of NO_JSON) {
    it(`is false of an object with ${String(value)} (${typeof value}) somewhere in it`, () => {
      assert.equal(isJsonObject({ value }), false);
      assert.equal(isJsonObject({ a: [1, { b: [value] }] }), false);
    });
  }
});
