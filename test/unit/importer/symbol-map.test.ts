import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TEXT_41 } from '../../../src/importer/folder/symbol-map.ts';

describe('the 41 symbols of text', () => {
  it('are all reached by ASCII characters', () => {
    assert.equal(TEXT_41.symbols.length, 41);
    const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
    const symbols = new Set(TEXT_41.encode(ascii));
    assert.deepEqual(
      [...symbols].sort((a, b) => a - b),
      Array.from({ length: 41 }, (_, i) => i),
    );
  });

  it('leave no printable ASCII character for "anything else"', () => {
    for (let code = 32; code < 127; code++) {
      assert.notEqual(TEXT_41.encode(String.fromCharCode(code))[0], 40, String.fromCharCode(code));
    }
  });

  it('give every character of any text exactly one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const symbols = TEXT_41.encode(text);
        assert.equal(symbols.length, Array.from(text).length);
        assert(symbols.every((symbol) => symbol < 41));
      }),
    );
    assert.equal(TEXT_41.encode('\ud800').length, 1, 'a lone surrogate too');
  });

  it('fold letters without case and marks, digits, brackets and white space', () => {
    assert.deepEqual([...TEXT_41.encode('aZéÅ')], [2, 27, 6, 2]);
    assert.deepEqual([...TEXT_41.encode('07')], [28, 28]);
    assert.deepEqual([...TEXT_41.encode('({[')], [30, 30, 30]);
    assert.deepEqual([...TEXT_41.encode(' \t\u00a0\n\r\u2028')], [0, 0, 0, 1, 1, 1]);
    assert.deepEqual([...TEXT_41.encode('漢🎈\0')], [40, 40, 40]);
  });

  it('stop at the limit', () => {
    assert.deepEqual(TEXT_41.encode('🎈bcd', 2), TEXT_41.encode('🎈b'));
  });
});
