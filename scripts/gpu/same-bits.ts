/** One configuration on one worker, on two, and stopped on two and gone on with on one: one hash. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, succeed } from './capture.ts';

const CONFIG = 'configs/tiny.yaml';
/** Exit code after SIGTERM with everything saved. */
const SAVED = 143;
/** The run is stopped once it says that it has done this step. */
const STOP_AFTER = /\[step \d+\/\d+\]/;

/** @throws Error naming the hashes that differ, or the run that failed */
export async function sameBits(
  folder: string,
  devices: { readonly one: readonly string[]; readonly two: readonly string[] },
): Promise<string> {
  const train = async (name: string, where: readonly string[]) => {
    const run = join(folder, name);
    await succeed(['train', CONFIG, '--run', run, ...where]);
    return hashOf(run);
  };
  const hashes: Record<string, string> = {
    '1 worker': await train('one', devices.one),
    '2 workers': await train('two', devices.two),
    '2 workers by tcp': await train('tcp', [...devices.two, '--transport', 'tcp']),
    'stopped and resumed': await stopAndResume(join(folder, 'stopped'), devices),
  };
  const distinct = new Set(Object.values(hashes));
  if (distinct.size === 1) return `state ${[...distinct][0]} four times`;
  throw new Error(`The hashes differ: ${JSON.stringify(hashes, null, 2)}`);
}

async function stopAndResume(
  run: string,
  devices: { readonly one: readonly string[]; readonly two: readonly string[] },
): Promise<string> {
  let isStopping = false;
  const args = ['bin/lockstep.js', 'train', CONFIG, '--run', run, ...devices.two];
  const { code } = await capture(args, process.env, (output, stop) => {
    if (isStopping || !STOP_AFTER.test(output)) return;
    isStopping = true;
    stop();
  });
  if (code !== SAVED) throw new Error(`The run to be stopped ended with exit code ${code}.`);
  await succeed(['resume', run, ...devices.one]);
  return hashOf(run);
}

function hashOf(run: string): string {
  const { stateHash } = JSON.parse(readFileSync(join(run, 'exit.json'), 'utf8'));
  return String(stateHash);
}
