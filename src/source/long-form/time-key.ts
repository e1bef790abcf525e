/** The times of a table in long form, as numbers that keep their order exactly. Pure. */

/** A time: by `major`, then by `minor`. */
export interface TimeKey {
  readonly major: number;
  readonly minor: number;
  /** Times of different kinds have no order. */
  readonly kind: 'number' | 'date' | 'date with offset' | 'clock';
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INTEGER = /^([+-]?)0*(\d+)$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d\S*?)\s*(Z|UTC|[+-]\d\d:?\d\d)?)?$/;
const CLOCK = /^(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?$/;
/** From here on a double may be another integer: the last nine digits count apart. */
const SPLIT_DIGITS = 15;

/** Reads a number (any integer exactly), a date of ISO 8601 (to the nanosecond) or a time of day; undefined for others. */
export function timeKeyOf(text: string): TimeKey | undefined {
  if (NUMBER.test(text)) return textKey(text);
  const clock = clockOf(text);
  if (clock !== undefined) return { ...clock, kind: 'clock' };
  return dateKey(text);
}

/** @param major below 10^15 */
export const numberKey = (major: number): TimeKey => ({ major, minor: 0, kind: 'number' });

function textKey(text: string): TimeKey | undefined {
  const [, sign, digits = ''] = INTEGER.exec(text) ?? [];
  if (digits.length <= SPLIT_DIGITS) {
    const major = Number(text);
    return Number.isFinite(major) ? numberKey(major) : undefined;
  }
  const factor = sign === '-' ? -1 : 1;
  const major = factor * Number(digits.slice(0, -9)) * 1e9;
  return { major, minor: factor * Number(digits.slice(-9)), kind: 'number' };
}

/** Seconds and nanoseconds. */
function clockOf(text: string): { major: number; minor: number } | undefined {
  const [, hours, minutes, seconds = '0', fraction = ''] = CLOCK.exec(text) ?? [];
  if (hours === undefined || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const major = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return { major, minor: Number(fraction.padEnd(9, '0')) };
}

function dateKey(text: string): TimeKey | undefined {
  const [, year, month, day, time, offset] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const clock = time === undefined ? { major: 0, minor: 0 } : clockOf(time);
  const isDay =
    midnight.getUTCMonth() + 1 === Number(month) && midnight.getUTCDate() === Number(day);
  if (clock === undefined || !isDay) return undefined;
  return {
    major: midnight.getTime() / 1000 + clock.major - offsetSeconds(offset),
    minor: clock.minor,
    kind: offset === undefined ? 'date' : 'date with offset',
  };
}

function offsetSeconds(offset = 'Z'): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(offset) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -60 : 60) * (Number(hours) * 60 + Number(minutes));
}

/** Above this ratio of two steps, there is a gap and no mere jitter between the times. */
const GAP = 1.5;

/** The steps from one time to the next, of which none is negative. */
export class TimeSteps {
  #least = Infinity;
  #most = 0;

  /** @param kind of both times */
  add(majors: number, minors: number, kind: TimeKey['kind']): void {
    const step = majors + (kind === 'number' ? minors : minors * 1e-9);
    if (step < this.#least) this.#least = step;
    if (step > this.#most) this.#most = step;
  }

  /** Whether the times are unevenly spaced. */
  get areUneven(): boolean {
    return this.#most > GAP * this.#least;
  }
}
