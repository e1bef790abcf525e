/** What the tests of failing and of lost writes try commands on: small inputs, and what a command may leave. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A run of two phases, as YAML. @param steps of each phase */
export const twoPhaseRun = (store: string, { steps, keep }: { steps: number; keep: number }) => `
name: writes
seed: 7
data:
  store: ${store}
  synthetic: { count: 36, classes: 2, symbols: 6, length: { minimum: 24, maximum: 60 }, seed: 1 }
model: { family: dilated, channels: 4, input: embedding, dilations: [1] }
batch: { microBatches: 1, tokensPerMicroBatch: 512 }
engine: { kind: portable }
phases:
  - name: pretrain
    start: fresh
    objective: { kind: masked, fraction: 0.15, span: 3 }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 2.0e-3 }
    duration: { steps: ${steps} }
  - name: finetune
    start: previous
    objective: { kind: supervised }
    data: { labelsPerClass: 5 }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 2.0e-3 }
    duration: { steps: ${steps} }
    evaluation: { everySteps: 2, keep: best }
checkpoint: { everySteps: 2, keep: ${keep} }
`;

const record = (n: number) =>
  JSON.stringify({ id: `s${n}`, label: 'ab'[n % 2], values: [n, 2, 3, n % 7] });

/** Lines for `data import`. */
export const RECORDS = Array.from({ length: 24 }, (_, n) => record(n)).join('\n');

/** Unfinished files and locks that a command has left in a room. */
export const leftBehind = (room: string): string[] =>
  ['', 'run', 'run/checkpoints', 'run/phases', 'out', 'tmp']
    .flatMap((one) => (existsSync(join(room, one)) ? readdirSync(join(room, one)) : []))
    .filter((one) => one.startsWith('.') || one === 'lock');
