/** What an import read, kept and skipped, as data and as text. */
import { formatNumber } from '../../core/format.ts';
import { shownName } from '../../core/name-list.ts';
import { SPLITS, type Split, type ValueType } from '../format/store.ts';
import type { NumberFacts } from '../format/target.ts';
import { SKIP_REASONS, type SkipReason } from '../record.ts';

/** Names that the report gives for each reason. */
const EXAMPLES = 5;
/** Classes that the text lists. */
const CLASS_LINES = 100;
/** Of a name and what is wrong with it. */
const LONGEST_EXAMPLE = 200;

/** How many, and some names. */
export interface Tally {
  readonly count: number;
  /** The first few names, by their bytes. */
  readonly examples: readonly string[];
}

/** Two equal sequences with different labels. */
export interface LabelConflict {
  /** Id of the sequence that stayed. */
  readonly kept: string;
  readonly keptLabel: string;
  readonly dropped: string;
  readonly droppedLabel: string;
}

/** The result of an import. */
export interface ImportReport {
  readonly name: string;
  readonly read: number;
  readonly kept: number;
  readonly keptTokens: number;
  readonly valueType: ValueType;
  /** Whether the type follows from the values. */
  readonly isTypeInferred: boolean;
  readonly truncated: Tally;
  /** Sequences that lost a tail of NaN. */
  readonly stripped: Tally;
  /** Sequences in which missing values were filled in. */
  readonly filled: Tally;
  /** Sequences with missing values that were kept as such. */
  readonly gaps: Tally;
  readonly skipped: Readonly<Partial<Record<SkipReason, Tally>>>;
  /** Equal sequences with different labels: how many, and the first few. */
  readonly labelConflicts: { readonly count: number; readonly examples: readonly LabelConflict[] };
  /** Kept labelled sequences by class and split; timesteps, where each of them has a class. */
  readonly classes: readonly {
    readonly name: string;
    readonly bySplit: Readonly<Record<Split, number>>;
  }[];
  /** The numbers that sequences have as their target. */
  readonly numbers: readonly NumberFacts[];
  readonly groups: Readonly<Record<Split, number>>;
  /** Of sounds, in hertz. */
  readonly sampleRates: readonly number[];
  /** Other names of splits, and which split each was taken for. */
  readonly splitNames: readonly { readonly name: string; readonly split: Split }[];
  /** What looks wrong with the data, in sentences. */
  readonly warnings: readonly string[];
  readonly contentHash: string;
}

/** Counts names and keeps the smallest few, so the result does not depend on the order of reading. */
export class NameTally {
  #count = 0;
  #examples: string[] = [];
  readonly #compare: (a: string, b: string) => number;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
  }

  add(name: string): void {
    this.#count++;
    const last = this.#examples.at(-1);
    if (this.#examples.length === EXAMPLES && this.#compare(name, last!) >= 0) return;
    this.#examples.push(name);
    this.#examples.sort(this.#compare);
    this.#examples.length = Math.min(this.#examples.length, EXAMPLES);
  }

  finish(): Tally {
    return { count: this.#count, examples: [...this.#examples] };
  }
}

/** One line each for what the import read, kept, truncated and skipped. */
export function readingLines(report: ImportReport): string[] {
  const lines = [
    `${report.name}: read ${report.read}, kept ${report.kept} ${report.kept === 1 ? 'sequence' : 'sequences'} (${report.keptTokens} tokens${typeWords(report)})`,
  ];
  if (report.truncated.count > 0) {
    lines.push(tallyLine('cut to the maximum length', report.truncated));
  }
  if (report.stripped.count > 0) {
    lines.push(tallyLine('cut before a tail of NaN', report.stripped));
  }
  if (report.filled.count > 0) {
    lines.push(tallyLine('with missing values filled in', report.filled));
  }
  if (report.gaps.count > 0) lines.push(tallyLine('with missing values', report.gaps));
  for (const [reason, tally] of Object.entries(report.skipped)) {
    lines.push(tallyLine(`skipped, ${SKIP_REASONS[reason as SkipReason]}`, tally));
  }
  return lines;
}

const typeWords = ({ valueType, isTypeInferred }: ImportReport): string =>
  isTypeInferred ? `, values inferred as ${valueType}` : '';

/** The report as text. */
export function importReportText(report: ImportReport): string {
  const lines = [...readingLines(report), ...conflictLines(report)];
  lines.push(...classLines(report), ...report.numbers.map(numberLine));
  lines.push(`  groups: ${SPLITS.map((split) => `${split} ${report.groups[split]}`).join(', ')}`);
  lines.push(
    ...report.splitNames.map(({ name, split }) => `  split ${shownName(name)}: read as ${split}`),
  );
  lines.push(...report.warnings.map((warning) => `  warning: ${warning}`));
  lines.push(`  content hash ${report.contentHash}`);
  return lines.join('\n');
}

function numberLine({ name, mean, deviation }: NumberFacts): string {
  const [shown, spread] = [mean, deviation].map(formatNumber);
  return `  number ${name}: mean ${shown}, deviation ${spread} in the training split`;
}

function classLines({ classes }: ImportReport): string[] {
  const lines = classes.slice(0, CLASS_LINES).map(({ name, bySplit }) => {
    const counts = SPLITS.map((split) => `${split} ${bySplit[split]}`);
    return `  class ${shownName(name)}: ${counts.join(', ')}`;
  });
  if (classes.length > CLASS_LINES)
    lines.push(`  … and ${classes.length - CLASS_LINES} more classes`);
  return lines;
}

function tallyLine(what: string, { count, examples }: Tally): string {
  const more = count > examples.length ? ', …' : '';
  const names = examples.map((name) => shownName(name, LONGEST_EXAMPLE));
  return `  ${count} ${what}: ${names.join(', ')}${more}`;
}

function conflictLines({ labelConflicts }: ImportReport): string[] {
  if (labelConflicts.count === 0) return [];
  return [
    `  ${labelConflicts.count} equal sequences carry different labels; the first by name was kept:`,
    ...labelConflicts.examples.map(
      (conflict) =>
        `    ${shownName(conflict.kept)} (${shownName(conflict.keptLabel)}) = ${shownName(conflict.dropped)} (${shownName(conflict.droppedLabel)})`,
    ),
  ];
}
