/** The options of an import about its source: how the built-in importers read it. */
import type { SourcePaths } from '../source/file/find-sources.ts';
import { type FormatRules, formatRulesOf } from '../source/rules/format-rules.ts';
import { type TableRules, tableRules, tableRulesOf } from '../source/rules/table-rules.ts';

/** Sources and how to read them. */
export interface SourceOptions extends SourceRules, SourcePaths {
  /** Kind of the importer. When absent, the source decides. */
  importer?: string | undefined;
  /** Options of the importer; they override the rules. */
  options?: Readonly<Record<string, unknown>>;
  /** The same as a command line gives them: "key=value", the value in YAML. */
  option?: readonly string[];
  maxLength?: number | undefined;
}

/** The rules of all built-in importers. A dataset's manifest keeps them. */
export interface SourceRules extends FormatRules, TableRules {
  classBy: string;
  ending: string[];
  depth: number;
  groupBy: string;
  groupLevels: number;
  symbolMap: string;
  as: string | undefined;
  exclude: string[];
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
  ...tableRules.parse({}),
};

export function rulesOf(options: SourceRules): SourceRules {
  const { classBy, ending, depth, groupBy, groupLevels, symbolMap, as, exclude } = options;
  const folder = { classBy, ending, depth, groupBy, groupLevels, symbolMap, as, exclude };
  return { ...formatRulesOf(options), ...folder, ...tableRulesOf(options) };
}
