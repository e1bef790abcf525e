import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseValuesCell } from '../../../src/source/table/values-cell.ts';

const read = (cell: string, decimal?: '.' | ',') => [...parseValuesCell(cell, decimal)];

describe('a cell of values', () => {
  it('understands numbers, NaN and infinities, and nothing else', () => {
    assert.deepEqual(read(' [1,2] '), [1, 2]);
    assert.deepEqual(read('+1 .5  -2e-1'), [1, 0.5, -0.2]);
    assert.deepEqual(read('nan -Inf NA'), [Number.NaN, -Infinity, Number.NaN]);
    assert.deepEqual(read('None,N/A,?,<NA>'), Array(4).fill(Number.NaN));
    for (const empty of ['', ' ', '[]', '[ ]']) assert.deepEqual(read(empty), []);
    for (const bad of ['0x10', '1_000', 'one', '1e', '[1', '1,2]', '--1', 'constructor']) {
      assert.throws(() => read(bad), / is not a number$/, bad);
    }
  });

  it('has one kind of separator', () => {
    for (const cell of [
      '1;2;3',
      '1 ; 2 ; 3',
      '1,2,3',
      '1, 2, 3',
      '[1,2,\n 3]',
      '1\t2\t3',
      '1 2\n3',
    ]) {
      assert.deepEqual(read(cell), [1, 2, 3], JSON.stringify(cell));
    }
    const mixed = [
      '0,5 0,7',
      '0,5;0,7',
      '0,5\t0,7',
      '1;2 3',
      '1 2\t3',
      '0,5, 0,7',
      '[1,5; 2]',
      '1 2,',
    ];
    for (const cell of mixed) {
      assert.throws(() => read(cell), /^Error: two kinds of separators in one cell \(/, cell);
    }
  });

  it('has no separators of thousands', () => {
    for (const cell of ['1.234.567 2', '1,234.5 2', '1,234,567.5 2']) {
      assert.throws(() => read(cell), /two points|a comma|two kinds of separators/, cell);
    }
    for (const cell of ['1.2.3', '1.23.456']) assert.throws(() => read(cell), /not a number/, cell);
  });

  it('may be a tuple of Python', () => {
    assert.deepEqual(read('(1, 2.5)'), [1, 2.5]);
    assert.deepEqual(read('(1,)'), [1]);
    assert.deepEqual(read('()'), []);
  });

  it('holds a missing value at each empty place between separators', () => {
    const gap = Number.NaN;
    assert.deepEqual(read('1.0;;3.0'), [1, gap, 3]);
    assert.deepEqual(read('[1, , 3]'), [1, gap, 3]);
    assert.deepEqual(read('1, ,5'), [1, gap, 5]);
    assert.deepEqual(read(',2,'), [gap, 2, gap]);
    assert.deepEqual(read('\t1\t\t2'), [gap, 1, gap, 2]);
  });

  it('may have decimal commas, and then no points and no commas between values', () => {
    for (const cell of ['0,5 -1,25', '0,5;-1,25', '[0,5\t-1,25]']) {
      assert.deepEqual(read(cell, ','), [0.5, -1.25]);
    }
    for (const bad of ['1,2,3', '1, 2']) {
      assert.throws(() => read(bad, ','), / is not a number$/, bad);
    }
    for (const bad of ['0.5 1', '1.000,5', '1.000.000']) {
      assert.throws(() => read(bad, ','), /" has a point, and --decimal says/, bad);
    }
  });

  it('gives back every list, however it is written', () => {
    const numbers = fc.array(fc.double({ noDefaultInfinity: true }), { minLength: 1 });
    const separators = fc.constantFrom(',', ', ', ';', '; ', ' ', '   ', '\t', '\n');
    fc.assert(
      fc.property(numbers, separators, fc.boolean(), (values, separator, comma) => {
        const decimal = comma && !separator.startsWith(',') ? ',' : '.';
        const list = values.map((value) => String(value).replace('.', decimal)).join(separator);
        const expected = values.map((value) => (value === 0 ? Number(String(value)) : value));
        assert.deepEqual(read(list, decimal), expected);
        assert.deepEqual(read(`[${list}]`, decimal), expected);
      }),
    );
  });

  it('says what to do about what programs and people write for numbers', () => {
    const cases = [
      ['[np.float64(1.5), np.float64(2)]', /values\.tolist\(\)/],
      ['array([1., 2.])', /values\.tolist\(\)/],
      ['[1. 2. ... 8. 9.]', /cut short/],
      ['True False', /1 for true/],
      ['12%', /per cent/],
      ['1.0V', /without its unit/],
      ['$3', /without its unit/],
      ['3,50€', /without its unit/],
      ["1'234", /separators of thousands/],
      ['\u22121.5', /minus sign as -/],
      ['<0.01', /the number alone/],
      ['#DIV/0!', /error/],
      ['1.5D+03', /exponent with an e/],
      ['0x1F', /decimal/],
      ['(1+2j)', /two channels/],
      ['-', /missing value/],
      ['n.a.', /missing value/],
      ['1\u200b', /invisible/],
      ['1|2|3', /commas, semicolons or spaces/],
      ['{3, 4}', /as a list/],
      ['[[1,2],[3,4]]', /A list of lists/],
      ["'1'", /Leave the quotes out/],
    ] as const;
    for (const [cell, advice] of cases) {
      assert.throws(() => parseValuesCell(cell), { message: / is not a number$/, advice }, cell);
    }
    assert.deepEqual(
      [...parseValuesCell('1.#QNAN -1.#IND nan(ind) 1.#INF')],
      [Number.NaN, Number.NaN, Number.NaN, Infinity],
    );
    assert.throws(() => parseValuesCell('x'), {
      message: '"x" is not a number',
      advice: undefined,
    });
  });

  it('takes time in proportion to its length', () => {
    // Years, for an expression that may divide the digits in two in as many ways as there are digits.
    const digits = '1'.repeat(3_000_000);
    assert.throws(() => read(`${digits}x`), /^Error: "1{100}" is not a number$/);
    assert.throws(() => read(`1e${digits}x`), / is not a number$/);
    assert.throws(() => read(`1${' '.repeat(3_000_000)}x`), / is not a number$/);
    assert.throws(() => read(`1,${' '.repeat(3_000_000)}x`), / is not a number$/);
  });
});
