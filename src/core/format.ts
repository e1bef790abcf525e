/** Numbers and times as people read them. */
import { shownName } from './name-list.ts';

/** 83 s → "1:23", 3723 s → "1:02:03". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(whole % 60)}`
    : `${minutes}:${pad(whole % 60)}`;
}

/** 12345 → "12.3 k". */
export function formatCount(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(1)} k` : String(Math.round(value));
}

/** Four significant digits, and no exponent for everyday sizes. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** Camel case to words: `mostFrequent` → "most frequent". */
export function formatName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/**
 * "loss 1.234, accuracy 0.5 (chance 0.1)": a metric's baselines follow it in brackets. Null, which JSON makes of
 * a number that is not finite, is shown as NaN; what is no number is left out.
 */
export function formatMetrics({
  metrics,
  baselines,
}: {
  metrics?: unknown;
  baselines?: unknown;
}): string {
  return numbersOf(metrics)
    .map(([name, value]) => {
      const rules = numbersOf((baselines as Record<string, unknown> | undefined)?.[name]);
      const compared = rules.map(([rule, other]) => formatMetric(rule, other)).join(', ');
      return `${formatMetric(name, value)}${compared && ` (${compared})`}`;
    })
    .join(', ');
}

const formatMetric = (name: string, value: number) => `${formatName(name)} ${formatNumber(value)}`;

function numbersOf(record: unknown): [string, number][] {
  return Object.entries(record ?? {})
    .map(([name, value]) => [name, value === null ? Number.NaN : value] as const)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number');
}

const LONGEST_CELL = 100;

/** Columns as wide as their widest cell; numbers of the first column's kind stay left. */
export function formatTable(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map((cell) => shownName(cell, LONGEST_CELL)));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** "12 bytes", "3.4 MiB": one decimal from 1 KiB on. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** As a sentence begins. @param text not empty */
export const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
