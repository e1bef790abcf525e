/** A report as a person reads it. */
import { formatTable } from '../core/format.ts';
import type { BaselineCell, BaselinesReport, LabelCountFacts } from './report.ts';

/** The table baseline × label count, and what must be known of it. */
export function describeBaselines(report: BaselinesReport): string {
  const { labelCounts, baselines, merit, testSequences, testGroups } = report;
  const header = ['', ...labelCounts.map(headerOf)];
  const rows = baselines.map(({ name, cells }) => [
    name,
    ...cells.map((cell) => cellText(cell, report)),
  ]);
  const bests = labelCounts.map(({ best }) => best ?? '–');
  const draws = Math.max(...labelCounts.map(({ draws }) => draws.length));
  return [
    `${merit} on ${testSequences.length} whole test sequences of ${new Set(testGroups).size} groups, ${labelCounts[0]!.unit}:`,
    '',
    formatTable([
      header,
      ...rows,
      [report.validationSequences > 0 ? 'best on validation' : 'best in training', ...bests],
    ]),
    '',
    `In brackets the 95 % interval${draws > 1 ? `, over ${draws} draws of labels and over test groups` : ', over test groups'}; * not above chance.`,
    ...(report.validationSequences > 0
      ? [`Settings were chosen on ${report.validationSequences} validation sequences.`]
      : []),
    ...report.notes,
    `Took ${report.seconds.toFixed(1)} s.`,
  ].join('\n');
}

const headerOf = ({ labels }: LabelCountFacts): string => String(labels);

function cellText(cell: BaselineCell, { task }: BaselinesReport): string {
  const digits = task === 'numbers' ? 3 : 1;
  const scale = task === 'numbers' ? 1 : 100;
  const text = (value: number) => (scale * value).toFixed(digits).replace('-', '−');
  const unit = task === 'numbers' ? '' : ' %';
  const mark = cell.isAtChance ? '*' : '';
  return `${text(cell.mean)}${unit} (${text(cell.low)}–${text(cell.high)})${mark}`;
}
