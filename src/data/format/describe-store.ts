/** What a person wants to know about a dataset before training. Reads no values. */
import { SPLITS, type Split, type Store, UNLABELLED, type ValueType } from './store.ts';
import type { DataTarget } from './target.ts';

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;
const BARS = '▁▂▃▄▅▆▇█';
/** Symbols shown in one line of bars. */
const BARS_WIDTH = 64;

/** Sequences of one class, or timesteps where each has a class, by split. */
export interface ClassCounts {
  /** "(unlabelled)" for sequences without a label. */
  readonly name: string;
  readonly sequences: number;
  readonly bySplit: Readonly<Record<Split, number>>;
}

/** The facts that `describeStore` shows. */
export interface StoreSummary {
  readonly name: string;
  readonly path: string;
  readonly valueType: ValueType;
  readonly valueRange: { readonly minimum: number; readonly maximum: number };
  readonly meanValue: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly splits: Readonly<Record<Split, { sequences: number; tokens: number }>>;
  /** What there is to learn of each sequence. */
  readonly target: DataTarget;
  readonly classes: readonly ClassCounts[];
  readonly lengthQuantiles: readonly { readonly quantile: number; readonly length: number }[];
  /** How often each symbol occurs in the training split; empty for real values. */
  readonly symbolCounts: readonly number[];
  readonly contentHash: string;
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** The facts that `describeStore` shows, as data. */
export function summariseStore(store: Store): StoreSummary {
  const { manifest } = store;
  const splits = Object.fromEntries(
    SPLITS.map((split) => {
      const { sequences, tokens } = manifest.splits[split];
      return [split, { sequences, tokens }];
    }),
  ) as Record<Split, { sequences: number; tokens: number }>;
  return {
    name: manifest.name,
    path: store.path,
    valueType: manifest.valueType,
    valueRange: manifest.valueRange,
    meanValue: manifest.meanValue,
    sequences: manifest.sequences,
    tokens: manifest.tokens,
    splits,
    target: manifest.target,
    classes: countClasses(store),
    lengthQuantiles: QUANTILES.map((quantile) => ({
      quantile,
      length: quantileOf(store.index.lengths, quantile),
    })),
    symbolCounts: manifest.symbolCounts,
    contentHash: manifest.contentHash,
    provenance: manifest.provenance,
  };
}

/** Nearest rank: the smallest length such that at least this share of the sequences is no longer. */
function quantileOf(ascending: Int32Array, quantile: number): number {
  return ascending[Math.max(0, Math.ceil(quantile * ascending.length) - 1)]!;
}

function countClasses({ manifest, index }: Store): ClassCounts[] {
  const classes = manifest.classes.map((name, label) => {
    const bySplit = perSplit((split) => manifest.splits[split].perClass[label]!);
    return { name, sequences: total(bySplit), bySplit };
  });
  const unlabelled = perSplit(() => 0);
  index.labels.forEach((label, row) => {
    if (label === UNLABELLED) unlabelled[SPLITS[index.splits[row]!]!]++;
  });
  const sequences = total(unlabelled);
  if (sequences > 0) classes.push({ name: '(unlabelled)', sequences, bySplit: unlabelled });
  return classes;
}

function perSplit(count: (split: Split) => number): Record<Split, number> {
  return { train: count('train'), validation: count('validation'), test: count('test') };
}

function total(bySplit: Readonly<Record<Split, number>>): number {
  return bySplit.train + bySplit.validation + bySplit.test;
}

/** The dataset on one screen: classes by split, lengths, tokens, value range, symbols, hash. */
export function describeStore(store: Store): string {
  const summary = summariseStore(store);
  const { minimum, maximum } = summary.valueRange;
  const lines = [
    `${summary.name}  ${summary.path}`,
    `sequences  ${grouped(summary.sequences)} (${grouped(summary.tokens)} tokens)`,
    `values     ${summary.valueType}, ${short(minimum)} to ${short(maximum)}, training mean ${short(summary.meanValue)}`,
    `lengths    ${summary.lengthQuantiles.map(quantileText).join(' · ')}`,
    `hash       ${summary.contentHash}`,
    '',
    ...classTable(summary),
    ...numberTable(summary),
  ];
  if (summary.symbolCounts.length > 0) lines.push('', ...symbolBars(summary.symbolCounts));
  return lines.join('\n');
}

function quantileText({ quantile, length }: { quantile: number; length: number }): string {
  if (quantile === 0) return `min ${grouped(length)}`;
  if (quantile === 1) return `max ${grouped(length)}`;
  return `${quantile * 100} % ${grouped(length)}`;
}

function classTable(summary: StoreSummary): string[] {
  const ofTimesteps = summary.target.kind === 'timestep-class';
  const header = [ofTimesteps ? 'timesteps of class' : 'class', ...SPLITS, 'all'];
  const rows = summary.classes.map(({ name, bySplit, sequences }) => [
    name,
    ...SPLITS.map((split) => grouped(bySplit[split])),
    grouped(sequences),
  ]);
  const sums = SPLITS.map((split) => grouped(summary.splits[split].sequences));
  const tokens = SPLITS.map((split) => grouped(summary.splits[split].tokens));
  return alignColumns([
    header,
    ...rows,
    [ofTimesteps ? 'sequences' : 'all', ...sums, grouped(summary.sequences)],
    ['tokens', ...tokens, grouped(summary.tokens)],
  ]);
}

function numberTable({ target }: StoreSummary): string[] {
  if (target.kind !== 'numbers') return [];
  const rows = target.numbers.map(({ name, mean, deviation }) => [
    name,
    short(mean),
    short(deviation),
  ]);
  return ['', ...alignColumns([['number', 'training mean', 'deviation'], ...rows])];
}

/** Aligns the first column left, numbers right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  '),
  );
}

/** One bar for each symbol. Its height is the square root of its share, so rare symbols stay visible. */
function symbolBars(counts: readonly number[]): string[] {
  const largest = counts.reduce((most, count) => Math.max(most, count), 1);
  const bars = counts.map((count) => {
    if (count === 0) return ' ';
    return BARS[Math.min(7, Math.floor(Math.sqrt(count / largest) * 8))]!;
  });
  const shown = bars.slice(0, BARS_WIDTH).join('');
  const more = counts.length > BARS_WIDTH ? ` … (${counts.length} symbols)` : '';
  const last = Math.min(counts.length, BARS_WIDTH) - 1;
  return [
    `symbols of the training split, 0 to ${last} (height: square root of the count)`,
    shown + more,
  ];
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
