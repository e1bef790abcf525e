/** Checks that the imports of src/ and scripts/ keep to the architecture; exit code 1 if not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderFaults } from './layers/folders.ts';
import { layerProblems } from './layers/rules.ts';

const root = join(import.meta.dirname, '..');
const folders = ['src', 'scripts'];
const paths = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);
const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
const problems = [...layerProblems(sources), ...folderFaults(sources)];

for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length === 0) process.stdout.write(`Layers hold in ${sources.size} files.\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
