/** The options of an import about its source: how the built-in importers read it. */
import { type FormatRules, formatRulesOf } from './format-rules.ts';

/** A source and how to read it. */
export interface SourceOptions extends SourceRules {
  source: string;
  /** Kind of the importer. When absent, the source decides. */
  importer?: string | undefined;
  /** Options of the importer; they override the rules. */
  options?: Readonly<Record<string, unknown>>;
  /** The same as a command line gives them: "key=value", the value in YAML. */
  option?: readonly string[];
  maxLength?: number | undefined;
}

/** The rules of all built-in importers. A dataset's manifest keeps them. */
export interface SourceRules extends FormatRules {
  classBy: string;
  ending: string[];
  depth: number;
  groupBy: string;
  groupLevels: number;
  symbolMap: string;
  as: string | undefined;
  exclude: string[];
  values: string;
  id: string | undefined;
  label: string | undefined;
  group: string | undefined;
  split: string | undefined;
  delimiter: string | undefined;
  decimal: string;
}

/** The rules by default. */
export const DEFAULT_RULES: SourceRules = {
  classBy: 'folder',
  ending: [],
  depth: 0,
  groupBy: 'file',
  groupLevels: 1,
  symbolMap: 'none',
  as: undefined,
  exclude: [],
  values: 'values',
  id: undefined,
  label: undefined,
  group: undefined,
  split: undefined,
  delimiter: undefined,
  decimal: '.',
};

export function rulesOf(options: SourceOptions): SourceRules {
  const { classBy, ending, depth, groupBy, groupLevels, symbolMap, as, exclude } = options;
  const { values, id, label, group, split, delimiter, decimal } = options;
  const folder = { classBy, ending, depth, groupBy, groupLevels, symbolMap, as, exclude };
  return {
    ...formatRulesOf(options),
    ...folder,
    values,
    id,
    label,
    group,
    split,
    delimiter,
    decimal,
  };
}
