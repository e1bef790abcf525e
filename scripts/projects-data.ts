/** `npm run data:projects`: the quickstart's source text by project, without comments, as the dataset data/projects. */
import { fileURLToPath } from 'node:url';
import { importReportText } from '../src/data/info/import-report.ts';
import { reportError } from '../src/launch/exit.ts';
import { buildProjectsData } from '../src/workflow/quickstart/projects-data.ts';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  process.stdout.write(`${importReportText(await buildProjectsData('data/projects'))}\n`);
} catch (thrown) {
  process.exitCode = reportError(thrown);
}
