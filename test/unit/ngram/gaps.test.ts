/** At which distances symbols depend on each other in a way that tells sequences apart. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import { GapSearch } from '../../../src/ngram/gaps.ts';

const SYMBOLS = 5;

/** Noise in which every second timestep repeats the one `gap` before it, shifted by `shift`. */
function echo(number: number, gap: number, shift: number, length = 400): number[] {
  const stream = randomStream(7, 'synthetic', number);
  const values: number[] = [];
  for (let t = 0; t < length; t++) {
    const repeats = t >= gap && stream.uniform(2 * t) < 0.5;
    values.push(
      repeats ? (values[t - gap]! + shift) % SYMBOLS : stream.integer(2 * t + 1, SYMBOLS),
    );
  }
  return values;
}

function found(sequences: readonly number[][], count: number): number[] {
  const search = new GapSearch(SYMBOLS, 20);
  for (const one of sequences) search.add(one);
  return search.best(count);
}

const numbers = Array.from({ length: 40 }, (_, i) => i);

describe('the search for gaps', () => {
  it('finds distances at which only some sequences depend', () => {
    const sequences = numbers.map((i) => echo(i, i % 2 === 0 ? 9 : 14, 1));
    assert.deepEqual(found(sequences, 2), [9, 14]);
  });

  it('finds a distance at which sequences depend in different ways', () => {
    assert.deepEqual(
      found(
        numbers.map((i) => echo(i, 12, i % 2)),
        1,
      ),
      [12],
    );
  });

  it('prefers what tells sequences apart to what all have in common', () => {
    const sequences = numbers.map((i) => {
      const values = echo(i, i % 2 === 0 ? 9 : 14, 1);
      return values.flatMap((value) => [value, (value + 2) % SYMBOLS]);
    });
    // Gap 1 is certain everywhere; 18 = 2 · 9 differs, and so do its neighbours.
    assert.ok(found(sequences, 3).every((gap) => gap >= 17 && gap <= 19));
  });

  it('has none for sequences that are too short, and for too many symbols', () => {
    assert.deepEqual(new GapSearch(1000, 20).best(4), []);
    assert.equal(found([[0, 1, 2]], 20).length, 20);
  });
});
