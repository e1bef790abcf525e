/**
 * Writes a checkpoint as told by its arguments and kills itself, as a power cut would, after the n-th step
 * on the file system; without reaching it, prints how many steps there were.
 * Arguments: folder, global step, seed of the state, number of the step to die after.
 */
import { type CheckpointContent, saveCheckpoint } from '../../src/checkpoint/store.ts';
import { contentAt, layoutOf, stateOf } from '../unit/checkpoint/sample.ts';

export const LAYOUT = layoutOf({ weight: [2, 3] }, { 'norm.running_mean': [2] });

/** A checkpoint with one tensor of each kind: few steps to die after. */
export function smallContent(globalStep: number, seed: number): CheckpointContent {
  const state = stateOf(seed, LAYOUT, 1);
  return contentAt(globalStep, { state }, { layout: LAYOUT, optimizer: 'sgd' });
}

async function write([folder = '', globalStep, seed, dieAfter]: string[]): Promise<void> {
  let steps = 0;
  const onStep = () => {
    steps += 1;
    if (steps === Number(dieAfter)) process.kill(process.pid, 'SIGKILL');
  };
  await saveCheckpoint(folder, smallContent(Number(globalStep), Number(seed)), { keep: 1, onStep });
  console.log(steps);
}

if (import.meta.filename === process.argv[1]) await write(process.argv.slice(2));
