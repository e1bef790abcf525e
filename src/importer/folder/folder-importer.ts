/** `importFolder` with options as a command line and a manifest hold them. */
import { statSync } from 'node:fs';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { isDatasetFolder } from '../../formats/columnar/hugging-face-folder.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { formatRules } from '../../source/rules/format-rules.ts';
import type { ClassRule, GroupRule } from '../../source/rules/path-rules.ts';
import { refuseUseless } from '../../source/rules/refuse-useless.ts';
import { TARGET_RULES, tableRules } from '../../source/rules/table-rules.ts';
import { type FileFormats, importFolder } from './import-folder.ts';
import {
  isReadable,
  readSample,
  type SampleRules,
  usefulOptions,
  withPathRules,
} from './sample-formats.ts';
import { SYMBOL_MAPS } from './symbol-map.ts';

const options = z.object({
  ...tableRules.shape,
  ...formatRules.shape,
  /** What names a file's class. */
  classBy: z.enum(['folder', 'ending', 'none']).default('folder'),
  /** Endings and their classes: `.py=python`. */
  ending: z.array(z.string()).default([]),
  /** Which sub-folder names the class, 0 the first. */
  depth: z.int().min(0).default(0),
  groupBy: z.enum(['file', 'folder', 'npm-package']).default('file'),
  /** Levels of folders that make a group. */
  groupLevels: z.int().min(1).default(1),
  symbolMap: z.enum(['none', ...Object.keys(SYMBOL_MAPS)]).default('none'),
  /** Takes the bytes of any file, also of one in a format. */
  as: z.enum(['bytes']).optional(),
  exclude: z.array(z.string()).default([]),
  /** Most values that are read of a file. */
  readAtMost: z.int().min(1).optional(),
});

type Options = z.output<typeof options>;

export const folderImporter = defineImporter({
  kind: 'folder',
  options,
  accepts: (path) => statSync(path).isDirectory() && !isDatasetFolder(path),
  records: (path, { symbolMap, as, exclude, readAtMost, ...rules }, known) => {
    const map = SYMBOL_MAPS[symbolMap];
    return importFolder({
      root: path,
      classes: classRule(rules),
      groups: groupRule(rules),
      exclude,
      known,
      anyBytes: as === 'bytes',
      formats: formatsFor(rules),
      // Files may name the classes themselves.
      ...(TARGET_RULES.some((rule) => rules[rule] !== undefined) && {
        unknownClass: 'unlabelled' as const,
      }),
      ...(map !== undefined && { symbolMap: map }),
      ...(readAtMost !== undefined && { readAtMost }),
    });
  },
});

function formatsFor(rules: SampleRules): FileFormats {
  return {
    isReadable,
    check: (format) => {
      const files =
        format === undefined ? 'a folder of bytes or text' : `a folder of ${format} files`;
      refuseUseless(files, usefulOptions(format), rules);
    },
    read: async function* (format, file, pathRules) {
      for await (const item of readSample(format, file, rules))
        yield withPathRules(item, pathRules);
    },
  };
}

function classRule({
  classBy,
  ending,
  depth,
}: Pick<Options, 'classBy' | 'ending' | 'depth'>): ClassRule {
  if (classBy === 'none') return { by: 'none' };
  if (classBy === 'folder') return { by: 'folder', depth };
  const pairs = ending.map((pair) => pair.split('='));
  const wrong = pairs.findIndex(
    ([end, name, ...rest]) => !end?.startsWith('.') || !name || rest.length > 0,
  );
  if (wrong < 0 && pairs.length > 0) {
    return { by: 'ending', classes: Object.fromEntries(pairs) as Record<string, string> };
  }
  const found = wrong < 0 ? 'none is given' : `"${ending[wrong]}" is not one`;
  throw new LockstepError(
    'USAGE',
    `--class-by ending wants endings with their classes: ${found}.`,
    'Give each as --ending .py=python.',
  );
}

function groupRule({ groupBy, groupLevels }: Pick<Options, 'groupBy' | 'groupLevels'>): GroupRule {
  return groupBy === 'folder' ? { by: 'folder', levels: groupLevels } : { by: groupBy };
}
