/** The folders of src/ as the rules know them, and how large they may grow. */
import { LAYERS } from './rules.ts';

/** Of the lines of src/: a folder with more has several jobs. */
const LARGEST_SHARE = 0.12;

/** Layers that name a folder without files, and folders of src/ that hold too much of it; a sentence each. */
export function folderFaults(sources: ReadonlyMap<string, string>): string[] {
  const lines = linesByArea(sources);
  const total = [...lines.values()].reduce((sum, n) => sum + n, 0);
  const ghosts = LAYERS.flat()
    .filter((area) => !lines.has(area))
    .map((area) => `src/${area} does not exist: take it out of LAYERS in scripts/layers/rules.ts`);
  const giants = [...lines]
    .filter(([, n]) => n > LARGEST_SHARE * total)
    .map(([area, n]) => {
      const share = ((100 * n) / total).toFixed(0);
      return `src/${area} holds ${share} % of the lines of src: divide it (at most ${100 * LARGEST_SHARE} %)`;
    });
  return [...ghosts, ...giants];
}

/** `src/data/plan/plan.ts` counts for `data`, `src/index.ts` for `index.ts`. */
function linesByArea(sources: ReadonlyMap<string, string>): Map<string, number> {
  const lines = new Map<string, number>();
  for (const [path, text] of sources) {
    const [top, area = ''] = path.split('/');
    if (top === 'src') lines.set(area, (lines.get(area) ?? 0) + text.split('\n').length - 1);
  }
  return lines;
}
