/**
 * `npm run test:fuzz -- [--frames N] [--seed S]`: N mutated frames at the decoders, then bytes at the ports of
 * a real run of two workers over tcp, which must end with the weights of an undisturbed one and hold no more
 * memory than it. Linux only (/proc).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bombard, childrenOf, portOf, residentBytes } from './bombard.ts';
import { fuzzDecoders } from './decoders.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DECODERS = 5;
/** What a process may hold beyond its undisturbed peak: allocators are not exact. */
const SLACK = { factor: 1.15, bytes: 48 << 20 };

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const frames = Number(values.frames);
const seed = Number(values.seed);
const tell = (line: string) => console.log(line);
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

interface Ended {
  readonly stateHash: string;
  /** Of the coordinator and of its workers together. */
  readonly peakBytes: number;
}

/** Runs the tiny configuration; `disturb` is called again and again while its workers listen. */
async function train(
  run: string,
  disturb: (coordinator: number, workers: readonly number[], round: number) => Promise<void>,
): Promise<Ended> {
  const args = ['bin/lockstep.js', 'train', 'configs/tiny.yaml', '--workers', '2'];
  const child = spawn(process.execPath, [...args, '--transport', 'tcp', '--run', run], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  let hasEnded = false;
  void exit.then(() => (hasEnded = true));
  let peakBytes = 0;
  for (let round = 0; !hasEnded; round++) {
    const pids = listeners(child.pid!);
    const sum = pids.reduce((bytes, pid) => bytes + attempt(() => residentBytes(pid), 0), 0);
    peakBytes = Math.max(peakBytes, sum);
    const [coordinator, ...workers] = pids;
    // The end of the run may come in the middle: that a port is gone then is no fault.
    if (workers.length === 2) {
      await disturb(coordinator!, workers, round).catch((thrown: unknown) => {
        if (isListening(coordinator!)) throw thrown;
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await exit, 0, said);
  const { stateHash } = JSON.parse(readFileSync(join(run, 'exit.json'), 'utf8')) as Ended;
  return { stateHash, peakBytes };
}

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const isListening = (pid: number) => attempt(() => portOf(pid) > 0, false);

/** A supervisor's children that listen: the coordinator, which was started first, and workers. */
function listeners(pid: number): number[] {
  return attempt(() => childrenOf(pid), []).filter(isListening);
}

tell(`seed ${seed}`);
const before = residentBytes(process.pid);
fuzzDecoders(Math.ceil(frames / DECODERS / 10), seed, () => {});
const warm = residentBytes(process.pid);
fuzzDecoders(Math.ceil(frames / DECODERS), seed + 1, tell);
const after = residentBytes(process.pid);
tell(`resident memory of the decoders: ${[before, warm, after].map(mebibytes).join(', ')}`);
assert.ok(after < warm * SLACK.factor + SLACK.bytes, 'the decoders hold on to memory');

const folder = mkdtempSync(join(tmpdir(), 'lockstep-fuzz-'));
try {
  const undisturbed = await train(join(folder, 'undisturbed'), async () => {});
  let sent = { connections: 0, frames: 0 };
  const disturbed = await train(join(folder, 'disturbed'), async (coordinator, workers, round) => {
    const share = { connections: 100, frames: 3000 };
    await bombard({ coordinator, workers, ...share, seed: seed + 2 + round });
    sent = { connections: sent.connections + 100, frames: sent.frames + 3000 };
  });
  tell(
    `at the ports: ${sent.connections} connections of strangers, ${sent.frames} frames of an insider`,
  );
  const peaks = [undisturbed.peakBytes, disturbed.peakBytes].map(mebibytes);
  tell(`resident memory of the run: ${peaks[0]} undisturbed, ${peaks[1]} disturbed`);
  tell(`state ${undisturbed.stateHash} undisturbed, ${disturbed.stateHash} disturbed`);
  const log = readFileSync(join(folder, 'disturbed', 'logs', 'coordinator.log'), 'utf8');
  tell(log.split('\n').find((line) => line.includes('refused in all')) ?? 'nothing was refused');
  assert.ok(sent.frames > 0, 'the run ended before anything was sent');
  assert.equal(disturbed.stateHash, undisturbed.stateHash);
  const most = undisturbed.peakBytes * SLACK.factor + SLACK.bytes;
  assert.ok(disturbed.peakBytes < most, 'the run holds on to memory');
} finally {
  rmSync(folder, { recursive: true });
}
tell('nothing broke');
