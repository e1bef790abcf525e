/** Numbers that are looked at together: one test for all of them, and seldom a second look. */
const BLOCK = 4096;

/** Position of the first NaN or infinity; −1 when all numbers are finite. */
export function firstNonFinite(vector: Float32Array): number {
  for (let begin = 0; begin < vector.length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, vector.length);
    let zero = 0;
    // 0 times a number is 0, times a NaN or an infinity it is NaN.
    for (let i = begin; i < end; i++) zero += vector[i]! * 0;
    if (zero === 0) continue;
    for (let i = begin; i < end; i++) if (!Number.isFinite(vector[i]!)) return i;
  }
  return -1;
}
