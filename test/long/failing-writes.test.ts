/**
 * The n-th call that changes a file fails (full disk, quota, read-only, broken disk), once or from then on, in every
 * command that writes. Each time it ends soon and with one clear line, and the same command, or `resume`, comes to the
 * undisturbed result afterwards. LOCKSTEP_WRITES=all tries every call (`npm run test:writes`), LOCKSTEP_WRITES=50 so many
 * of each command, spread evenly, otherwise a few; LOCKSTEP_SCENARIO=train only those of one command.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMPILER } from '../helper/compiler.ts';
import { deadline } from '../helper/slowness.ts';
import { GRID } from '../helper/study-grid.ts';
import {
  buildFailingWrites,
  disturbed,
  ERRORS,
  type Fault,
  lockstep,
  NO_FAULT,
} from '../helper/write-faults.ts';
import { leftBehind, RECORDS, twoPhaseRun } from '../helper/write-room.ts';

const WANTED = process.env.LOCKSTEP_WRITES;
const ALL = WANTED === 'all';
/** A command that fails ends so soon after the first call that failed. */
const END_MS = 10_000;

/** libuv has no name for a quota. */
const NAMES = { ENOSPC: /ENOSPC/, EIO: /EIO/, EROFS: /EROFS/, EDQUOT: /EDQUOT|UNKNOWN/ };

interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** What the command made, or printed, as one text: the same for each run of it. */
  readonly result: (room: string, stdout: string) => string;
  /** What comes to the result after a failure. @default the same command */
  readonly again?: (room: string) => readonly string[];
  /** Faults a day's test tries. */
  readonly few: number;
  /** Calls on these files only. @default all */
  readonly files?: RegExp;
  /** Files of the shared folder that it changes. */
  readonly copies?: readonly string[];
}

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const stateOf = (room: string): string => json(join(room, 'run', 'exit.json')).stateHash;
const onceMore = (room: string): readonly string[] =>
  existsSync(join(room, 'run', 'config.yaml')) ? ['resume', 'run'] : TRAIN;

const TRAIN = ['train', '../run.yaml', '--run', 'run'];
const SCENARIOS: readonly Scenario[] = [
  { name: 'train', args: TRAIN, result: stateOf, again: onceMore, few: 6 },
  {
    name: 'resume',
    args: ['resume', 'run'],
    result: stateOf,
    again: () => ['resume', 'run'],
    few: 2,
    copies: ['run'],
  },
  {
    name: 'import',
    args: ['data', 'import', '../in.jsonl', 'out'],
    result: (room) => json(join(room, 'out', 'manifest.json')).contentHash,
    few: 3,
  },
  {
    name: 'merge',
    args: ['data', 'merge', '../imported', '../store', 'out'],
    result: (room) => json(join(room, 'out', 'manifest.json')).contentHash,
    few: 2,
  },
  {
    name: 'export',
    args: ['data', 'export', '../store', 'out.jsonl'],
    result: (room) => sha256(join(room, 'out.jsonl')),
    few: 2,
  },
  {
    name: 'predict',
    args: ['predict', '../done', '--out', 'out.csv'],
    result: (room) => sha256(join(room, 'out.csv')),
    few: 2,
  },
  {
    name: 'baselines',
    args: ['baselines', '../store', '--json', 'out.json', '--draws', '1', '--labels', '5'],
    result: (room) => Object.keys(json(join(room, 'out.json'))).join(),
    few: 2,
  },
  {
    name: 'ngram',
    args: ['ngram', '../store', '--run', 'out', '--set', 'data.labelsPerClass=5'],
    result: (room) => json(join(room, 'out', 'manifest.json')).stateHash,
    few: 2,
  },
  {
    name: 'rocket',
    args: ['rocket', '../store', '--run', 'out'],
    result: (room) => json(join(room, 'out', 'manifest.json')).stateHash,
    few: 2,
  },
  {
    name: 'study',
    args: ['study', '../study.yaml', '--out', 'out'],
    result: (room) =>
      readdirSync(join(room, 'out', 'cells'))
        .sort()
        .join(),
    few: 2,
    // Its runs are those of `train`.
    files: /^\/(out\/(?!runs\/)|cache|tmp)/,
  },
  {
    name: 'tune',
    args: ['tune', '../run.yaml', '--set', 'engine.kind=compiled'],
    // A broken disk may keep an unfinished file beside the choices, which nobody reads.
    result: (room) =>
      readdirSync(join(room, 'cache', 'lockstep'))
        .filter((name) => name.endsWith('.json'))
        .sort()
        .join(),
    // A choice that can't be kept is printed all the same.
    again: () => ['tune', '../run.yaml', '--set', 'engine.kind=compiled'],
    few: 1,
  },
  {
    name: 'learning-rate',
    args: ['tune', '../run.yaml', '--learning-rate', 'finetune'],
    result: (_, stdout) => stdout,
    few: 1,
  },
];

let folder: string;
let library: string;

before(async () => {
  if (COMPILER === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'w-'));
  mkdirSync(join(folder, 'tmp'));
  library = buildFailingWrites(folder);
  writeFileSync(
    join(folder, 'run.yaml'),
    twoPhaseRun(join(folder, 'store'), { steps: 2, keep: 1 }),
  );
  const grid = GRID.replace('store: data/made', `store: ${join(folder, 'made')}`)
    .replace('masked: { kind: masked, span: 2 }\n', '\n')
    .replace('pretrainingShares: [0.5]', '')
    // Loads fast: a study starts a process for each of its runs.
    .concat('engine: { kind: portable }\n');
  writeFileSync(join(folder, 'study.yaml'), grid);
  writeFileSync(join(folder, 'in.jsonl'), RECORDS);
  const prepare = async (...args: string[]) => {
    const { code, stderr } = await lockstep(folder, args);
    assert.equal(code, 0, stderr);
  };
  await prepare('train', 'run.yaml', '--run', 'done');
  await prepare('data', 'import', 'in.jsonl', 'imported');
  // A run that was killed after its first phase.
  await prepare('train', 'run.yaml', '--run', 'run', '--set', 'checkpoint.keep=9');
  const run = join(folder, 'run');
  rmSync(join(run, 'checkpoints', 'step-00000004'), { recursive: true });
  rmSync(join(run, 'phases', 'finetune'), { recursive: true });
  rmSync(join(run, 'exit.json'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of its own for one call of the command. */
function makeRoom({ name, copies = [] }: Scenario, number: number): string {
  const room = join(folder, `${name}-${number}`);
  mkdirSync(join(room, 'tmp'), { recursive: true });
  mkdirSync(join(room, 'cache'));
  for (const copy of copies) cpSync(join(folder, copy), join(room, copy), { recursive: true });
  return room;
}

async function disturb(scenario: Scenario, room: string, fault: Fault, env = {}) {
  return await disturbed(room, scenario.args, { library, under: room, fault, env });
}

/** Which faults to try, from what an undisturbed run calls. */
function faultsFor(scenario: Scenario, files: readonly string[]): Fault[] {
  const { files: wanted = /^/ } = scenario;
  const few = WANTED === undefined || ALL ? scenario.few : Number(WANTED);
  const numbers = files.flatMap((file, index) => (wanted.test(file) ? [index + 1] : []));
  const every = Math.max(1, Math.floor(numbers.length / few));
  return numbers
    .filter((_, index) => ALL || index % every === Math.floor(every / 2))
    .map((at, index): Fault => ({ at, error: ERRORS[index % 4]!, forever: index % 3 === 0 }));
}

/** What is wrong after one fault; nothing if all is right. */
async function problemWith(
  scenario: Scenario,
  fault: Fault,
  expected: string,
): Promise<string | undefined> {
  const room = makeRoom(scenario, fault.at);
  const first = await disturb(scenario, room, fault);
  const { call, file } = first.calls[fault.at - 1] ?? { call: 'nothing', file: '' };
  const tell = (what: string) =>
    `${scenario.name}, ${fault.error}${fault.forever ? ' from' : ' at'} call ${fault.at} (${call} ${file}): ${what}\n${first.stderr}`;
  try {
    if (first.code === null) return tell('it hung');
    if (/UNEXPECTED|defect|\n\s+at /.test(first.stderr)) return tell('no clear line');
    if (![0, 2, 5, 7].includes(first.code)) return tell(`code ${first.code}`);
    if (first.code !== 0 && !NAMES[fault.error].test(first.stderr)) return tell('another reason');
    if (/: Cannot remove/.test(first.stderr) && !['unlink', 'rmdir', 'rename'].includes(call)) {
      return tell('it tells of its tidying');
    }
    // A run below, where a call of the command had this number before, goes on until it needs the disk.
    const isOfCommand = (scenario.files ?? /^/).test(file);
    if (first.code !== 0 && isOfCommand && first.msAfterFault > deadline(END_MS)) {
      return tell(`it ended ${first.msAfterFault} ms after the fault`);
    }
    if (first.code === 0 && scenario.again === undefined) {
      const result = scenario.result(room, first.stdout);
      return result === expected ? undefined : tell(`another result: ${result}`);
    }
    const { again = () => scenario.args, result } = scenario;
    const next = await lockstep(room, again(room));
    if (next.code !== 0) return tell(`then code ${next.code}: ${next.stderr}`);
    const found = result(room, next.stdout);
    if (found !== expected) return tell(`then another result: ${found}`);
    // A broken disk may keep even what was to be removed.
    const isBroken = fault.forever && !['ENOSPC', 'EDQUOT'].includes(fault.error);
    if (isBroken || ['unlink', 'rmdir'].includes(call)) return undefined;
    const left = leftBehind(room);
    return left.length === 0 ? undefined : tell(`left behind: ${left}`);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

async function tryAll(scenario: Scenario): Promise<string[]> {
  const room = makeRoom(scenario, 0);
  const undisturbed = await disturb(scenario, room, NO_FAULT);
  assert.equal(undisturbed.code, 0, undisturbed.stderr);
  const expected = scenario.result(room, undisturbed.stdout);
  const files = undisturbed.calls.map(({ file }) => file);
  const faults = faultsFor(scenario, files);
  assert.ok(faults.length >= scenario.few, `${files.length} calls`);
  const problems: string[] = [];
  const next = faults.values();
  const work = async () => {
    for (const fault of next) {
      const problem = await problemWith(scenario, fault, expected);
      if (problem !== undefined) problems.push(problem);
      if (WANTED !== undefined)
        process.stderr.write(`${scenario.name} ${fault.at}: ${problem ?? 'right'}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  return problems;
}

describe('writes that fail', { skip: COMPILER === undefined && 'no C compiler' }, () => {
  const only = process.env.LOCKSTEP_SCENARIO;
  for (const scenario of SCENARIOS.filter(({ name }) => only === undefined || name === only)) {
    it(`never hang ${scenario.name}, and never lose or damage what it made`, async () => {
      assert.deepEqual(await tryAll(scenario), []);
    });
  }

  it('a disk on which a sync takes long does not cost a run its coordinator', async () => {
    const [train] = SCENARIOS;
    const slow = { SLOW_FILE: 'metrics.jsonl', SLOW_SYNC: '60' };
    const began = performance.now();
    const { code, stderr } = await disturb(train!, makeRoom(train!, -1), NO_FAULT, slow);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /coordinator/);
    assert.ok(performance.now() - began < deadline(30_000), 'it waited for the disk');
  });
});
