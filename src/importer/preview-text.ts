/** The preview of a source as text. */
import { listNames, shownName } from '../core/name-list.ts';
import type { RawRecord } from '../data/record.ts';
import type { ColumnUse, SourcePreview } from '../source/preview.ts';

/** Values that a record shows. */
const VALUES = 8;

/** One line for each run of columns with one role, for the values, and for each of the first records. */
export function previewText(preview: SourcePreview, columns: readonly ColumnUse[] = []): string {
  return [
    ...columnLines(columns),
    ...(preview.first.length === 0
      ? []
      : [valuesLine(preview), 'the first records as they are read:']),
    ...preview.first.map(recordLine),
  ].join('\n');
}

function columnLines(columns: readonly ColumnUse[]): string[] {
  const runs: { names: string[]; role: string | undefined }[] = [];
  for (const { name, role } of columns) {
    const last = runs.at(-1);
    if (last !== undefined && last.role === role) last.names.push(name);
    else runs.push({ names: [name], role });
  }
  const rows = runs.map(({ names, role }) => [runName(names, role), role ?? 'not read'] as const);
  const width = Math.max(...rows.map(([name]) => name.length), 'column'.length);
  if (rows.length === 0) return [];
  return [['column', 'role'], ...rows].map(([name, role]) => `  ${name!.padEnd(width)}  ${role}`);
}

function runName(names: readonly string[], role: string | undefined): string {
  if (names.length <= 2) return names.join(', ');
  return role === undefined
    ? listNames(names, 5)
    : `${names[0]} … ${names.at(-1)} (${names.length} columns)`;
}

function valuesLine(preview: SourcePreview): string {
  const { lengths, missing, channels } = preview;
  const gaps = missing === 0 ? '' : `, ${missing} missing`;
  const steps =
    lengths.minimum === lengths.maximum
      ? `${lengths.minimum} timesteps each`
      : `${lengths.minimum} to ${lengths.maximum} timesteps`;
  return `values: ${rangeText(preview)}${gaps}; ${channels} channel${channels === 1 ? '' : 's'}; ${steps}`;
}

function rangeText({ values: { minimum, maximum }, areIntegers }: SourcePreview): string {
  if (minimum > maximum) return 'none';
  const kind = areIntegers ? 'integers' : 'real numbers';
  const type = typeFor(minimum, maximum, areIntegers);
  return `${kind} from ${short(minimum)} to ${short(maximum)} (--value-type ${type})`;
}

/** The smallest type that holds the values. */
function typeFor(minimum: number, maximum: number, areIntegers: boolean): string {
  if (!areIntegers || minimum < 0 || maximum > 0xffff) return 'float32';
  return maximum > 0xff ? 'uint16' : 'uint8';
}

const short = (value: number): string =>
  String(Number.isSafeInteger(value) ? value : Number(value.toPrecision(6)));

function recordLine(record: RawRecord): string {
  const { id, values, channels = 1 } = record;
  const shown = Array.from({ length: Math.min(VALUES, values.length) }, (_, i) =>
    short(values[i]!),
  );
  const shape = channels === 1 ? `${values.length}` : `${values.length / channels} × ${channels}`;
  const more = values.length > VALUES ? ' …' : '';
  return `  ${[shownName(id), ...targetWords(record), `[${shape}]`, shown.join(' ') + more].join('  ')}`;
}

function targetWords({
  label,
  labels,
  targets,
  timestepLabels,
  group,
  split,
}: RawRecord): string[] {
  return [
    ...(label === undefined ? [] : [`class ${shownName(label)}`]),
    ...(labels === undefined ? [] : [`classes ${listNames(labels)}`]),
    ...(targets === undefined ? [] : [`target ${listNames(targets.map(short))}`]),
    ...(timestepLabels === undefined
      ? []
      : [`classes of timesteps ${listNames(timestepLabels, 5)}`]),
    ...(group === undefined ? [] : [`group ${shownName(group)}`]),
    ...(split === undefined ? [] : [split]),
  ];
}
