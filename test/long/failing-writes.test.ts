/**
 * The n-th call that changes a file of a run fails (full disk, quota, read-only, broken disk), once or from then on. Each
 * time the run ends soon and with one clear line, and what it leaves goes on to the state of an undisturbed run.
 * LOCKSTEP_WRITES=all tries every call (`npm run test:writes`, hours), LOCKSTEP_WRITES=kinds each kind of call on each kind
 * of file; otherwise one call on eight kinds of files, from the first to the last that a run writes.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLONE } from '../helper/clone.ts';
import { deadline } from '../helper/slowness.ts';

const SOURCE = fileURLToPath(new URL('../helper/failing-writes.c', import.meta.url));
const COMPILER = ['cc', 'gcc', 'g++'].find((name) => spawnSync(name, ['--version']).status === 0);
const ERRORS = ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT'] as const;
const AT_ONCE = 2;
const FEW = 8;

const CONFIG = `
name: writes
seed: 7
data:
  store: STORE
  synthetic: { count: 48, classes: 3, symbols: 12, length: { minimum: 64, maximum: 200 }, seed: 1 }
model: { family: dilated, channels: 8, input: embedding, dilations: [1, 4] }
batch: { microBatches: 2, tokensPerMicroBatch: 1024 }
engine: { kind: portable }
phases:
  - name: pretrain
    start: fresh
    objective: { kind: masked, fraction: 0.15, span: 3 }
    optimizer: { kind: adamw }
    learningRate: { kind: warmup-cosine, peak: 3.0e-3, warmupSteps: 2 }
    duration: { steps: 4 }
    evaluation: { everySteps: 4 }
  - name: finetune
    start: previous
    objective: { kind: supervised }
    data: { labelsPerClass: 5 }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 2.0e-3 }
    duration: { steps: 3 }
    evaluation: { everySteps: 3, keep: best }
checkpoint: { everySteps: 3, keep: 2 }
`;

interface Fault {
  /** Which call fails, from 1; none for 0. */
  readonly at: number;
  readonly error: (typeof ERRORS)[number];
  /** All later ones fail, too. */
  readonly forever: boolean;
}

interface Call {
  readonly call: string;
  /** Below the run's folder, without what differs between runs. */
  readonly file: string;
}

let folder: string;
let library: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'writes-'));
  library = join(folder, 'failing-writes.so');
  writeFileSync(join(folder, 'run.yaml'), CONFIG.replace('STORE', join(folder, 'store')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  /** The state's hash that it printed. */
  readonly state: string | undefined;
}

async function lockstep(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(CLONE, 'bin', 'lockstep.js'), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline(60_000));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, stderr, state: /^state ([0-9a-f]+)/m.exec(stdout)?.[1] };
}

/** Trains with a fault; gives the calls as well. */
async function trainWith(name: string, fault: Fault): Promise<Ended & { readonly calls: Call[] }> {
  const [run, counter, log] = [name, `${name}.counter`, `${name}.log`].map((one) =>
    join(folder, one),
  );
  writeFileSync(counter!, Buffer.alloc(8));
  writeFileSync(log!, '');
  const ended = await lockstep(['train', 'run.yaml', '--run', run!, '--max-restarts', '1'], {
    LD_PRELOAD: library,
    UV_USE_IO_URING: '0',
    FAIL_UNDER: run!,
    FAIL_AT: `${fault.at}`,
    FAIL_ERRNO: `${constants.errno[fault.error]}`,
    FAIL_COUNTER: counter!,
    FAIL_LOG: log!,
    ...(fault.forever && { FAIL_FOREVER: '1' }),
  });
  const calls = readFileSync(log!, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => callOf(line, run!));
  return { ...ended, calls };
}

function callOf(line: string, run: string): Call {
  const [, , call = '', ...path] = line.split(' ');
  const file = path
    .join(' ')
    .slice(run.length)
    .replace(/\d+-[0-9a-f]{8}|[0-9a-f]{12}|\d{8}/g, '*');
  return { call, file };
}

/** Which calls to let fail, by their numbers. */
function chosen(calls: readonly Call[]): number[] {
  if (process.env.LOCKSTEP_WRITES === 'all') return calls.map((_, index) => index + 1);
  const byCall = process.env.LOCKSTEP_WRITES === 'kinds';
  const seen = new Map<string, number>();
  calls.forEach(({ call, file }, index) => {
    const kind = byCall ? `${call} ${file}` : file;
    if (!seen.has(kind)) seen.set(kind, index + 1);
  });
  const first = [...seen.values()];
  if (byCall) return first;
  return Array.from(
    { length: FEW },
    (_, n) => first[Math.round((n * (first.length - 1)) / (FEW - 1))]!,
  );
}

/** What is wrong after one fault; nothing if all is right. */
async function problemWith(fault: Fault, expected: string): Promise<string | undefined> {
  const name = `run-${fault.at}`;
  const run = join(folder, name);
  const first = await trainWith(name, fault);
  const { call, file } = first.calls[fault.at - 1] ?? { call: 'nothing', file: '' };
  const tell = (what: string) =>
    `${fault.error}${fault.forever ? ' from' : ' at'} call ${fault.at} (${call} ${file}): ${what}\n${first.stderr}`;
  try {
    if (first.code === null) return tell('it hung');
    if (/UNEXPECTED|defect|\n\s+at /.test(first.stderr)) return tell('no clear line');
    if (first.code === 0 && first.state !== expected) return tell('another state');
    if (![0, 2, 5, 7].includes(first.code)) return tell(`code ${first.code}`);
    const again = existsSync(join(run, 'config.yaml'))
      ? await lockstep(['resume', run])
      : await lockstep(['train', 'run.yaml', '--run', run]);
    if (again.code !== 0) return tell(`then code ${again.code}: ${again.stderr}`);
    const { stateHash } = JSON.parse(readFileSync(join(run, 'exit.json'), 'utf8'));
    if (stateHash !== expected) return tell(`then state ${stateHash}`);
    const left = ['', 'checkpoints', 'phases']
      .flatMap((one) => readdirSync(join(run, one)))
      .filter((one) => one.startsWith('.') || one === 'lock');
    return left.length === 0 ? undefined : tell(`left behind: ${left}`);
  } finally {
    rmSync(run, { recursive: true, force: true });
  }
}

describe('writes that fail', { skip: COMPILER === undefined && 'no C compiler' }, () => {
  it('never hang a run, and never lose or damage a checkpoint', async () => {
    const built = spawnSync(COMPILER!, [
      '-x',
      'c',
      '-shared',
      '-fPIC',
      '-o',
      library,
      SOURCE,
      '-ldl',
    ]);
    assert.equal(built.status, 0, String(built.stderr));
    const undisturbed = await trainWith('undisturbed', { at: 0, error: 'EIO', forever: false });
    assert.equal(undisturbed.code, 0, undisturbed.stderr);
    const faults = chosen(undisturbed.calls).map(
      (at, index): Fault => ({ at, error: ERRORS[index % 4]!, forever: index % 3 === 0 }),
    );
    assert.ok(faults.length >= FEW);
    const problems: string[] = [];
    const next = faults.values();
    const work = async () => {
      for (const fault of next) {
        const problem = await problemWith(fault, undisturbed.state!);
        if (problem !== undefined) problems.push(problem);
        if (process.env.LOCKSTEP_WRITES)
          process.stderr.write(`${fault.at}: ${problem ?? 'right'}\n`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(problems, [], `${problems.length} of ${faults.length}`);
  });
});
