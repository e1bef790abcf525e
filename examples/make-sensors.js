/**
 * Makes a table of three sensors in the long form: a row for each timestep, with one value in fifty missing.
 *
 *   node examples/make-sensors.js sensors.csv
 *
 * A wheel turns one way, the other way, or to and fro. Two sensors see it at a right angle: each by itself sees the same
 * in both directions, and only together they tell them apart. The third sensor measures a temperature, which tells
 * nothing. Each sensor has its own units.
 */
import { writeFileSync } from 'node:fs';

const CLASSES = ['forwards', 'backwards', 'to and fro'];
const SEQUENCES = 180;

let state = 1;
/** A number in [0, 1), the same each time (Lehmer's generator). */
function random() {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}
const noise = () => random() + random() + random() - 1.5;
const cell = (value) => (random() < 0.02 ? '' : value.toPrecision(6));

const lines = ['id,step,x,y,temperature,motion'];
for (let sequence = 0; sequence < SEQUENCES; sequence++) {
  const motion = CLASSES[sequence % CLASSES.length];
  const length = 40 + Math.floor(80 * random());
  const [speed, begin, warmth] = [0.3 + 0.3 * random(), 6.28 * random(), 290 + 10 * random()];
  for (let step = 0; step < length; step++) {
    const turned = motion === 'to and fro' ? 3 * Math.sin(speed * step * 0.5) : speed * step;
    const angle = begin + (motion === 'backwards' ? -turned : turned);
    const x = 1024 + 200 * (Math.cos(angle) + 0.2 * noise());
    const y = 1e-3 * (Math.sin(angle) + 0.2 * noise());
    const temperature = warmth + 0.1 * noise();
    lines.push([`s${sequence}`, step, cell(x), cell(y), cell(temperature), motion].join(','));
  }
}
writeFileSync(process.argv[2] ?? 'sensors.csv', `${lines.join('\n')}\n`);
