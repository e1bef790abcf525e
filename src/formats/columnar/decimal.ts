/** Decimal numbers of Parquet and Arrow: an integer and how many of its digits stand behind the point. Pure. */

/** As text, digit by digit: as a double, an id of twenty digits would be rounded. */
function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const fraction = digits.slice(-scale);
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${fraction}`;
}

/** A decimal number. Its text has all digits, its number is the nearest double. */
export class Decimal {
  readonly #text: string;

  constructor(unscaled: bigint, scale: number) {
    this.#text = decimalText(unscaled, scale);
  }

  toString(): string {
    return this.#text;
  }

  valueOf(): number {
    return Number(this.#text);
  }
}

/** The integer in the bytes of a two's complement, the most significant one first. */
export function integerOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}
