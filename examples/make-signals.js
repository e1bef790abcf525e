/**
 * Makes three tables of the same made-up signals:
 *
 *   node examples/make-signals.js            # writes tones.csv, steps.csv and machines.csv
 *
 * tones.csv     a tone in noise, with the numbers `frequency` (in 1/timestep) and `decay` (in timesteps)
 * steps.csv     a signal that stands, rises or falls, with what it does at each timestep; one in ten is not labelled
 * machines.csv  vibrations of machines in four states, without any label; the ids name the state
 */
import { writeFileSync } from 'node:fs';

let state = 1;
/** A number in [0, 1), the same each time (Lehmer's generator). */
function random() {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}
const noise = () => random() + random() + random() - 1.5;
const between = (low, high) => low + (high - low) * random();
const text = (values) => values.map((value) => value.toFixed(3)).join(' ');

const tones = ['id,values,frequency,decay'];
for (let i = 0; i < 240; i++) {
  const length = Math.floor(between(60, 160));
  const [frequency, decay, phase] = [between(0.02, 0.12), between(20, 80), between(0, 6.28)];
  const values = Array.from({ length }, (_, t) => {
    return Math.exp(-t / decay) * Math.sin(6.283 * frequency * t + phase) + 0.05 * noise();
  });
  tones.push(`t${i},${text(values)},${frequency.toFixed(4)},${decay.toFixed(2)}`);
}

const steps = ['id,values,doing'];
const SLOPES = { stands: 0, rises: 0.2, falls: -0.2 };
for (let i = 0; i < 150; i++) {
  const length = Math.floor(between(60, 160));
  const [values, doing] = [[], []];
  let level = between(-2, 2);
  for (let what = 'stands', left = 0, t = 0; t < length; t++, left--) {
    if (left <= 0) [what, left] = [Object.keys(SLOPES)[Math.floor(random() * 3)], between(8, 30)];
    level += SLOPES[what];
    values.push(level + 0.15 * noise());
    doing.push(random() < 0.1 ? '' : what);
  }
  steps.push(`s${i},${text(values)},${doing.join('|')}`);
}

const machines = ['id,values'];
const STATES = {
  idle: [0.05, 0],
  humming: [0.1, 0.2],
  grinding: [0.23, 0.6],
  knocking: [0.08, 1.5],
};
for (let i = 0; i < 320; i++) {
  const name = Object.keys(STATES)[i % 4];
  const [speed, roughness] = STATES[name];
  const [length, phase] = [Math.floor(between(80, 200)), between(0, 6.28)];
  const values = Array.from({ length }, (_, t) => {
    const turn = 6.283 * speed * t + phase;
    return Math.sin(turn) + roughness * Math.max(0, Math.sin(3 * turn)) ** 4 + 0.3 * noise();
  });
  machines.push(`${name}-${i},${text(values)}`);
}

for (const [name, lines] of Object.entries({ tones, steps, machines })) {
  writeFileSync(`${name}.csv`, `${lines.join('\n')}\n`);
}
