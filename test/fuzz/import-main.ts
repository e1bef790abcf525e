/** `npm run test:fuzz:import -- [--count N] [--seed S]`: N mutated files at the importers. */
import { parseArgs } from 'node:util';
import { fuzzImporters } from './importers.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const tell = (line: string) => console.log(line);

tell(`seed ${values.seed}`);
const { read, refused } = await fuzzImporters({
  count: Number(values.count),
  seed: Number(values.seed),
  tell,
});
tell(`${read} files were read, ${refused} refused; nothing broke`);
