/** Real training runs of which one worker's weights change by themselves, while all sums still agree. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const FLIP = ['--simulate', 'flip@rank=1,step=5'];
const every = (steps: number) => ['--set', `replicaCheck.everySteps=${steps}`];

describe('a flipped bit in the weights of one worker', () => {
  const place = new Workplace();
  after(() => place.remove());
  const run = async (name: string, ...options: string[]) =>
    await place.run('train', CONFIG, '--run', name, ...options);
  const stateHash = (name: string) =>
    (JSON.parse(readFileSync(place.path(name, 'exit.json'), 'utf8')) as { stateHash: string })
      .stateHash;

  it('ends the run at the next comparison, naming the steps, the worker and both hashes', async () => {
    const { code, stderr } = await run('flipped', '--workers', '3', ...every(4), ...FLIP);
    assert.equal(code, 6, stderr);
    assert.match(
      stderr,
      /^REPLICAS_DIFFER: The workers' states differ after 8 steps and were the same after 4, so they came apart in steps 4 to 7; hashes of weights, statistics and optimizer: workers 0 and 2 \(the majority\) [0-9a-f]{64}, worker 1 [0-9a-f]{64}\. Checkpoints of more than 4 steps/m,
    );
  });

  it('shows only at the end where nothing is compared before', async () => {
    const { code, stderr } = await run('unseen', '--workers', '2', ...every(0), ...FLIP);
    assert.equal(code, 6, stderr);
    assert.match(stderr, /^REPLICAS_DIFFER: The run ended with replicas that differ: the hash of/m);
  });

  it('is the only thing that ends it: comparing after each step changes no bit', async () => {
    for (const [name, workers, steps] of [
      ['each', 2, 1],
      ['never', 1, 0],
    ] as const) {
      const { code, stderr } = await run(name, '--workers', `${workers}`, ...every(steps));
      assert.equal(code, 0, stderr);
    }
    assert.equal(stateHash('each'), stateHash('never'));
  });
});
