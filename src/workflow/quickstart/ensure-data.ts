import { existsSync } from 'node:fs';
import { formatCount } from '../../core/format.ts';
import { importReportText } from '../../data/importer/report.ts';
import { say } from './command-line.ts';
import { buildQuickstartData } from './data.ts';

export const QUICKSTART_DATA = 'data/quickstart';

/** Builds the quickstart's dataset when it is absent, and says so. */
export async function ensureQuickstartData(): Promise<void> {
  if (existsSync(QUICKSTART_DATA)) {
    say(`1. ${QUICKSTART_DATA} is there already (remove it to build it again)`);
    return;
  }
  say(`1. Building ${QUICKSTART_DATA} from the source text that set-up has put on this machine`);
  const report = await buildQuickstartData(QUICKSTART_DATA, ({ stage, done }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r   ${stage} ${formatCount(done)} files `);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  say(importReportText(report));
}
