/** Reads decimal numbers from bytes without making strings: the double nearest to the text, as `Number` gives. */

const [PLUS, MINUS, POINT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39];
const EXPONENT = 0x65;
const LOWER_CASE = 0x20;

/** 10^0 … 10^22: those that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Their upper halves (Veltkamp). */
const UPPER_POWERS = POWERS.map(upperHalf);
/** Digits of a small integer. */
const DIGITS = 9;
/** Any integer of so many digits is a double. */
const EXACT_DIGITS = 15;

/** Reads one number after the other; make one and keep it. */
export class DecimalReader {
  /** Where the last number ended; its start if there was none. */
  end = 0;

  /** The number that begins at `from`: `[+-]`, digits with at most one point, and an exponent. NaN if there is none. */
  read(bytes: Buffer, from: number, to: number): number {
    let integer = 0;
    let end = from;
    for (; end < to && end - from < DIGITS; end++) {
      const digit = bytes[end]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      integer = integer * 10 + digit;
    }
    if (end === from || (end < to && mayGoOn(bytes[end]!))) return this.#number(bytes, from, to);
    this.end = end;
    return integer;
  }

  /** `read`, where it is not one of a few digits alone. */
  #number(bytes: Buffer, from: number, to: number): number {
    const first = bytes[from];
    const isNegative = first === MINUS;
    let at = isNegative || first === PLUS ? from + 1 : from;
    const start = at;
    let point = -1;
    while (at < to && bytes[at] === ZERO) at++;
    if (at < to && bytes[at] === POINT) {
      point = at++;
      while (at < to && bytes[at] === ZERO) at++;
    }
    let high = 0;
    let low = 0;
    let digits = 0;
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (digits < DIGITS) high = high * 10 + digit;
        else low = low * 10 + digit;
        digits++;
      } else if (digit === POINT - ZERO && point < 0) {
        point = at;
      } else break;
    }
    if (at - start === (point < 0 ? 0 : 1)) return this.#none(from);
    const fraction = point < 0 ? 0 : at - point - 1;
    this.end = at;
    const exponent = this.#exponent(bytes, at, to) - fraction;
    const size = toDouble(high, low, digits, exponent);
    if (Number.isNaN(size)) return Number(bytes.toString('latin1', from, this.end));
    return isNegative ? -size : size;
  }

  #none(from: number): number {
    this.end = from;
    return Number.NaN;
  }

  /** The exponent at `at`, or 0; moves `end` behind it. */
  #exponent(bytes: Buffer, at: number, to: number): number {
    if (at >= to || (bytes[at]! | LOWER_CASE) !== EXPONENT) return 0;
    const sign = bytes[at + 1];
    const start = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
    let end = start;
    let exponent = 0;
    for (; end < to; end++) {
      const digit = bytes[end]! - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      exponent = exponent * 10 + digit;
    }
    if (end === start) return 0;
    this.end = end;
    return sign === MINUS ? -exponent : exponent;
  }
}

/** Whether a byte behind a digit may belong to the same number. */
const mayGoOn = (byte: number): boolean =>
  (byte >= ZERO && byte <= NINE) || byte === POINT || (byte | LOWER_CASE) === EXPONENT;

/**
 * (high · 10^lowDigits + low) · 10^exponent, of at most 9 digits each.
 * @param digits of both; the lower ones begin with the tenth
 * @returns the nearest double, or NaN if it takes longer arithmetic to find it
 */
function toDouble(high: number, low: number, digits: number, exponent: number): number {
  if (digits > 2 * DIGITS || exponent < -22 || exponent > 22) return Number.NaN;
  const lowDigits = digits > DIGITS ? digits - DIGITS : 0;
  if (digits > EXACT_DIGITS) {
    return exponent > 0 ? Number.NaN : quotient(high, lowDigits, low, -exponent);
  }
  // Integer and power are exact, so the one operation rounds once.
  const integer = high * POWERS[lowDigits]! + low;
  return exponent < 0 ? integer / POWERS[-exponent]! : integer * POWERS[exponent]!;
}

/** Multiplied with it, an error near half a unit in the last place rounds away from the result. */
const SAFETY = 1 + 2 ** -30;

/**
 * (a · 10^b + c) / 10^d to the nearest double, for integers a and c below 10^9: the dividend is an exact sum of two
 * doubles (Dekker 1971), the quotient a sum of two with an error far below SAFETY.
 * @returns NaN if the quotient is too near to the middle of two doubles
 */
function quotient(a: number, b: number, c: number, d: number): number {
  const product = a * POWERS[b]!;
  const dividend = product + c;
  const added = dividend - product;
  const rest = productError(a, b, product) + (product - (dividend - added)) + (c - added);
  const divisor = POWERS[d]!;
  const estimate = dividend / divisor;
  const back = estimate * divisor;
  const correction = (dividend - back - productError(estimate, d, back) + rest) / divisor;
  const result = estimate + correction;
  const error = estimate - result + correction;
  return result + error * SAFETY === result ? result : Number.NaN;
}

/** a · 10^b − product, exactly. */
function productError(a: number, b: number, product: number): number {
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = UPPER_POWERS[b]!;
  const bLow = POWERS[b]! - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function upperHalf(x: number): number {
  const scaled = 134_217_729 * x;
  return scaled - (scaled - x);
}
