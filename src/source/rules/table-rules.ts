/** The rules of an import that concern tables and arrays with columns or fields. An absent one means the default. */
import { z } from 'zod';
import { namedColumns } from '../table/column-options.ts';

/** Their types, as a dataset's manifest keeps them; each importer checks its own. */
export const tableRules = z.object({
  ...namedColumns,
  delimiter: z.string().optional(),
  decimal: z.string().default('.'),
  noHeader: z.boolean().default(false),
  /** Columns that are not values if there are any. */
  ignored: z.array(z.string()).default([]),
});

export type TableRules = z.output<typeof tableRules>;

/** Those that say what to learn. */
export const TARGET_RULES = ['label', 'labels', 'target', 'timestepLabels'] as const;

export function tableRulesOf(options: TableRules): TableRules {
  const { values, id, label, labels, target, timestepLabels, group, split } = options;
  const { time, delimiter, decimal, noHeader, ignored } = options;
  const columns = { values, id, label, labels, target, timestepLabels, group, split, time };
  return { ...columns, delimiter, decimal, noHeader, ignored };
}
