import { existsSync } from 'node:fs';
import { importReportText } from '../../data/info/import-report.ts';
import type { ImportProgress } from '../../importer/build/build-options.ts';
import { buildQuickstartData } from './data.ts';

const FOLDER = 'data/quickstart';

/** Builds the quickstart's dataset in the current folder when it is absent, and says so. */
export async function ensureQuickstartData(
  say: (text: string) => void,
  onProgress: (progress: ImportProgress) => void = () => {},
): Promise<void> {
  if (existsSync(FOLDER)) {
    say(`1. ${FOLDER} is there already (remove it to build it again)`);
    return;
  }
  say(`1. Building ${FOLDER} from the source text that set-up has put on this machine`);
  say(importReportText(await buildQuickstartData(FOLDER, onProgress)));
}
