/**
 * The quickstart's source text by project instead of by language, without comments: what a project's authors are used
 * to tells the classes apart, not which characters a language has.
 */
import { LockstepError } from '../../core/errors.ts';
import type { ImportReport } from '../../data/info/import-report.ts';
import type { RawRecord } from '../../data/record.ts';
import type { ImportProgress } from '../../importer/build/build-options.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { importFolder } from '../../importer/folder/import-folder.ts';
import { type SymbolMap, TEXT_41 } from '../../importer/folder/symbol-map.ts';
import { sourceFolders } from './data.ts';
import { type CommentStyle, withoutComments } from './without-comments.ts';

const LENGTH = { minimum: 512, maximum: 30_720, longer: 'truncate' } as const;
/** Of a project, so that each class has enough for every split. */
const FILES = { fewest: 100, most: 120 };
const SEED = 1;
/** Comments are cut from what is read: more than the longest sequence. */
const READ_AT_MOST = 4 * LENGTH.maximum;

const LANGUAGES: readonly { readonly style: CommentStyle; readonly endings: readonly string[] }[] =
  [
    { style: 'c', endings: ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', '.h'] },
    { style: 'python', endings: ['.py'] },
  ];

/**
 * Builds the store `target` (replacing one that is there). A class is a group of the quickstart's dataset with a hundred
 * files of code or more: an npm package, or a folder such as `tensorflow/python/ops`. Files that differ by their ending
 * only are of one group.
 * @throws LockstepError DATA_INVALID when there are fewer than two such projects
 */
export async function buildProjectsData(
  target: string,
  progress: (progress: ImportProgress) => void = () => {},
): Promise<ImportReport> {
  const projects = await readProjects();
  const large = [...projects].filter(([, files]) => files.length >= FILES.fewest);
  if (large.length < 2) throw tooFew(large.length);
  return await buildStore(
    large.flatMap(([, files]) => files),
    {
      target,
      name: 'projects',
      valueType: 'uint8',
      overwrite: true,
      length: LENGTH,
      caps: { perClass: FILES.most },
      shares: { train: 0.6, validation: 0.2, test: 0.2 },
      seed: SEED,
      provenance: { source: 'source text by project, comments cut' },
      onProgress: progress,
    },
  );
}

/** Files that are long enough, by project; each content once. */
async function readProjects(): Promise<Map<string, RawRecord[]>> {
  const projects = new Map<string, RawRecord[]>();
  const known = new Set<string>();
  for (const folder of await sourceFolders()) {
    for (const { style, endings } of LANGUAGES) {
      const classes = Object.fromEntries(endings.map((ending) => [ending, ending]));
      const rules = { classes: { by: 'ending', classes }, symbolMap: mapOf(style) } as const;
      for await (const item of importFolder({ ...folder, ...rules, readAtMost: READ_AT_MOST })) {
        if ('skipped' in item || item.values.length < LENGTH.minimum) continue;
        const content = Buffer.from(Uint8Array.from(item.values)).toString('latin1');
        if (known.has(content)) continue;
        known.add(content);
        const project = item.group!;
        const record = { ...item, label: project, group: withoutEnding(item.id) };
        projects.set(project, [...(projects.get(project) ?? []), record]);
      }
    }
  }
  return projects;
}

const mapOf = (style: CommentStyle): SymbolMap => ({
  ...TEXT_41,
  encode: (text, limit) => TEXT_41.encode(withoutComments(text, style), limit),
});

const withoutEnding = (id: string): string => id.replace(/(\.[a-z]+)+$/, '');

function tooFew(found: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Of the projects on this machine ${found} have ${FILES.fewest} files of code: two are needed.`,
    'Set Lockstep up with the TensorFlow engine, whose wheel has more.',
  );
}
