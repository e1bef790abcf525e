import assert from 'node:assert/strict';

/** Fails unless |actual − expected| ≤ tolerance everywhere, naming the worst place. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let worst = 0;
  let place = 0;
  for (let index = 0; index < actual.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= worst)) {
      worst = difference;
      place = index;
    }
  }
  assert.ok(
    worst <= tolerance,
    `${what}: [${place}] is ${actual[place]}, expected ${expected[place]} (±${tolerance})`,
  );
}
