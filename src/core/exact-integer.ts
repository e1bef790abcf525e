/** Integers that no double holds: a program that reads them as numbers makes equal what is different. Pure. */

const LONG_INTEGER = /^([+-]?\d{16,400})(\.0{0,99})?$/;

/** An integer that reading would change. */
export class RoundedInteger extends Error {
  readonly advice =
    'If it is an id, a label or a time, name it as such and not among the values. If it is a measurement, store it as a floating-point number.';

  constructor(integer: string | bigint) {
    super(
      `${integer} is an integer that no double holds: it would become ${BigInt(Number(integer))}`,
    );
  }
}

/**
 * Whether a text is an integer that is another one as a double. `12345678901234567000` is not, where a program wrote
 * the shortest digits of a double and filled them up with zeros.
 */
export function isRoundedInteger(text: string): boolean {
  const [, digits] = LONG_INTEGER.exec(text) ?? [];
  if (digits === undefined) return false;
  const number = Number(digits);
  if (!Number.isFinite(number) || Number.isSafeInteger(number)) return false;
  const exact = BigInt(digits);
  return exact !== BigInt(number) && String(exact) !== String(number);
}

/** @throws RoundedInteger for the first of some integers that its double does not hold */
export function refuseRounded(
  integers: BigInt64Array | BigUint64Array,
  doubles: Float64Array,
): void {
  for (let i = 0; i < doubles.length; i++) {
    const double = doubles[i]!;
    if (Number.isSafeInteger(double) || BigInt(double) === integers[i]) continue;
    throw new RoundedInteger(integers[i]!);
  }
}
