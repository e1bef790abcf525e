/**
 * Finds for each sequence the one whose embedding is most alike (by cosine), and how often both names begin alike.
 *
 *   lockstep predict runs/machines --embeddings --out embeddings.csv
 *   node examples/nearest.js embeddings.csv
 */
import { readFileSync } from 'node:fs';

const [, ...lines] = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const all = lines.map((line) => {
  const [id, ...cells] = line.split(',');
  return { id, numbers: cells.map(Number) };
});
const mean = all[0].numbers.map(
  (_, i) => all.reduce((sum, { numbers }) => sum + numbers[i], 0) / all.length,
);
/** From the mean, to length 1. */
const points = all.map(({ id, numbers }) => {
  const centred = numbers.map((number, i) => number - mean[i]);
  const size = Math.hypot(...centred);
  return { id, direction: centred.map((number) => number / size) };
});

const cosine = (a, b) => a.direction.reduce((sum, x, i) => sum + x * b.direction[i], 0);
const kind = ({ id }) => id.replace(/-\d+$/, '');
const pairs = points.map((point) => {
  const others = points.filter((other) => other !== point);
  return [point, others.reduce((a, b) => (cosine(point, b) > cosine(point, a) ? b : a))];
});
for (const [point, nearest] of pairs.slice(0, 4)) console.log(`${point.id}: ${nearest.id}`);
const alike = pairs.filter(([point, nearest]) => kind(point) === kind(nearest)).length;
console.log(`${Math.round((100 * alike) / pairs.length)} % of the nearest are of the same kind`);
