/** Series with time stamps, as a .ts file with `@timeStamps true` has them: `(0,1.5),(1,2.5)`, a list for each channel. */
import { type TimeKey, TimeSteps, timeKeyOf } from '../../source/long-form/time-key.ts';
import { parseNumber } from './series.ts';

/** The values of the channels, and what is to be said of their times. */
export interface StampedSeries {
  readonly series: readonly number[][];
  readonly areTimesUneven: boolean;
}

/** A date has colons, too. */
const FIELD = /(?:\([^()]*\)|[^:()])+|(?<=:|^)(?=:|$)/g;
const STEP = /^\s*\(([^(),]*),([^(),]*)\)\s*$/;

/**
 * The fields of a line, which colons outside of brackets divide.
 * @throws Error for a bracket without its other half
 */
export function stampedFields(text: string): string[] {
  const fields = text.match(FIELD) ?? [''];
  if (fields.join(':').length === text.length) return fields;
  throw new Error('a bracket lacks its other half');
}

/**
 * Times must rise, and be the same in all channels.
 * @throws Error for another form, a time that is none, and times that fall, repeat or differ
 */
export function parseStamped(fields: readonly string[]): StampedSeries {
  const channels = fields.map(parseChannel);
  const [first = { times: [], texts: [], values: [] }, ...others] = channels;
  for (const { texts } of others) {
    const differs =
      texts.length !== first.texts.length || texts.some((t, i) => t !== first.texts[i]);
    if (differs) throw new Error('its channels have different times');
  }
  return { series: channels.map(({ values }) => values), areTimesUneven: areUneven(first.times) };
}

function parseChannel(text: string) {
  const times: TimeKey[] = [];
  const texts: string[] = [];
  const values: number[] = [];
  for (const step of stepsOf(text)) {
    const [, stamp, value] = STEP.exec(step) ?? [];
    if (stamp === undefined) throw new Error(`"${step.slice(0, 40)}" is no (time,value)`);
    const time = timeKeyOf(stamp.trim());
    if (time === undefined) throw new Error(`"${stamp.trim().slice(0, 40)}" is no time`);
    const before = times.at(-1);
    if (before !== undefined && !follows(time, before)) {
      throw new Error(`its time ${stamp.trim()} does not follow the one before`);
    }
    times.push(time);
    texts.push(stamp.trim());
    values.push(parseNumber(value!.trim()));
  }
  return { times, texts, values };
}

/** Divides at the commas between brackets. */
const stepsOf = (text: string): string[] => (text.trim() === '' ? [] : text.split(/(?<=\)\s*),/));

const follows = (time: TimeKey, before: TimeKey): boolean =>
  time.kind === before.kind && (time.major - before.major || time.minor - before.minor) > 0;

function areUneven(times: readonly TimeKey[]): boolean {
  const steps = new TimeSteps();
  for (const [i, { major, minor, kind }] of times.entries()) {
    const before = times[i - 1];
    if (before !== undefined) steps.add(major - before.major, minor - before.minor, kind);
  }
  return steps.areUneven;
}
