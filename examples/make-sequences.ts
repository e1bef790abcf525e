/** Makes sequences.csv: 150 sequences of three classes that differ by the order of their symbols only. */
import { writeFileSync } from 'node:fs';
import { synthesize } from '../src/importer/synthetic/synthesize.ts';

const lines = ['id,class,values'];
const records = synthesize({
  count: 150,
  classes: 3,
  symbols: 8,
  length: { minimum: 60, maximum: 300 },
  orderOnly: true,
  seed: 4,
});
for await (const { id, label, values } of records) {
  lines.push(`${id},${label},${Array.from(values).join(' ')}`);
}
writeFileSync(new URL('./sequences.csv', import.meta.url), `${lines.join('\n')}\n`);
