/**
 * The power fails after the n-th call that changes a file, and the disk keeps no more than it must, or the names but not the
 * bytes. What a command then says that it had saved is there, and the same command, or `resume`, comes to the undisturbed
 * result. LOCKSTEP_POWER=all tries every state that the disk may be in (`npm run test:power`), LOCKSTEP_POWER=50 so many of each
 * command, spread evenly, otherwise a few.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
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
import { DiskModel, SURVIVORS, type Survivors } from '../helper/power-loss.ts';
import { buildRecorder, type Change, recorded } from '../helper/recorded-writes.ts';
import { type Ended, lockstep } from '../helper/write-faults.ts';
import { leftBehind, RECORDS, twoPhaseRun } from '../helper/write-room.ts';

const WANTED = process.env.LOCKSTEP_POWER;

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** What the command made, as one text: the same for each run of it. */
  readonly result: (room: string) => string;
  /** What comes to the result after the power is back. @default the same command */
  readonly again?: (room: string) => readonly string[];
  /** States a day's test tries. */
  readonly few: number;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'train',
    args: ['train', '../run.yaml', '--run', 'run'],
    result: (room) => json(join(room, 'run', 'exit.json')).stateHash,
    again: (room) =>
      existsSync(join(room, 'run', 'config.yaml'))
        ? ['resume', 'run']
        : ['train', '../run.yaml', '--run', 'run'],
    few: 6,
  },
  {
    name: 'import',
    args: ['data', 'import', '../in.jsonl', 'out'],
    result: (room) => json(join(room, 'out', 'manifest.json')).contentHash,
    again: (room) =>
      existsSync(join(room, 'out'))
        ? ['data', 'verify', 'out']
        : ['data', 'import', '../in.jsonl', 'out'],
    few: 3,
  },
  {
    name: 'predict',
    args: ['predict', '../done', '--out', 'out.csv'],
    result: (room) => sha256(join(room, 'out.csv')),
    few: 1,
  },
  {
    name: 'ngram',
    args: ['ngram', '../store', '--run', 'out', '--set', 'data.labelsPerClass=5'],
    result: (room) => json(join(room, 'out', 'manifest.json')).stateHash,
    few: 2,
  },
];

/** What a disk may hold when the power fails. */
interface Loss {
  /** How many calls were made before. */
  readonly after: number;
  readonly survivors: Survivors;
}

const FOLDERS = ['cache'];

/** The first loss that leads to each state of the disk. */
function lossesOf(changes: readonly Change[]): Loss[] {
  const disk = new DiskModel(FOLDERS);
  const seen = new Set<string>();
  return changes.flatMap((change, number) => {
    disk.apply(change);
    return SURVIVORS.filter((survivors) => {
      const hash = disk.hash(survivors);
      if (seen.has(hash)) return false;
      seen.add(hash);
      return true;
    }).map((survivors) => ({ after: number + 1, survivors }));
  });
}

function spread(losses: readonly Loss[], few: number): readonly Loss[] {
  if (WANTED === 'all') return losses;
  const every = Math.max(1, Math.floor(losses.length / Number(WANTED ?? few)));
  return losses.filter((_, index) => index % every === Math.floor(every / 2));
}

function diskAfter(changes: readonly Change[], count: number): DiskModel {
  const disk = new DiskModel(FOLDERS);
  for (const change of changes.slice(0, count)) disk.apply(change);
  return disk;
}

/** Files by path, with their hashes. */
const treeOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => `${path.slice(folder.length)} ${sha256(path)}`)
    .sort();

describe('a loss of power', { skip: COMPILER === undefined && 'no C compiler' }, () => {
  let folder: string;
  let library: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'p-'));
    mkdirSync(join(folder, 'tmp'));
    library = buildRecorder(folder);
    writeFileSync(
      join(folder, 'run.yaml'),
      twoPhaseRun(join(folder, 'store'), { steps: 4, keep: 2 }),
    );
    writeFileSync(join(folder, 'in.jsonl'), RECORDS);
    const { code, stderr } = await lockstep(folder, ['train', 'run.yaml', '--run', 'done']);
    assert.equal(code, 0, stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function undisturbed({ name, args }: Scenario) {
    const room = mkdtempSync(join(folder, `${name}-`));
    for (const one of FOLDERS) mkdirSync(join(room, one), { recursive: true });
    const { code, stderr, changes } = await recorded(room, args, library);
    assert.equal(code, 0, stderr);
    // The record is whole: it leads to what is there.
    diskAfter(changes, changes.length).write(`${room}-again`, 'all');
    assert.deepEqual(treeOf(`${room}-again`), treeOf(room));
    return { room, changes };
  }

  /** What is wrong after one loss; nothing if all is right. */
  async function problemAfter(
    scenario: Scenario,
    changes: readonly Change[],
    { after: count, survivors }: Loss,
    expected: string,
  ): Promise<string | undefined> {
    const room = join(folder, `${scenario.name}-${count}-${survivors}`);
    const { call, path, to } = changes[count - 1]!;
    const { again = () => scenario.args, result } = scenario;
    const tell = (what: string, ended?: Ended) =>
      `${scenario.name}, after call ${count} (${call} ${path} ${to}), ${survivors} survives: ${what}\n${ended?.stderr ?? ''}`;
    try {
      diskAfter(changes, count).write(room, survivors);
      for (const one of [...FOLDERS, 'tmp']) mkdirSync(join(room, one), { recursive: true });
      const next = await lockstep(room, again(room));
      if (next.code !== 0) return tell(`code ${next.code}`, next);
      const found = result(room);
      if (found !== expected) return tell(`another result: ${found}`, next);
      if (/is damaged/.test(next.stderr)) return tell('something is damaged', next);
      const left = leftBehind(room);
      return left.length === 0 ? undefined : tell(`left behind: ${left}`);
    } finally {
      rmSync(room, { recursive: true, force: true });
    }
  }

  for (const scenario of SCENARIOS) {
    it(`costs ${scenario.name} nothing that was saved`, async () => {
      const { room, changes } = await undisturbed(scenario);
      const expected = scenario.result(room);
      const losses = lossesOf(changes);
      const next = spread(losses, scenario.few).values();
      const problems: string[] = [];
      const work = async () => {
        for (const loss of next) {
          const problem = await problemAfter(scenario, changes, loss, expected);
          if (problem !== undefined) problems.push(problem);
          if (WANTED !== undefined)
            process.stderr.write(
              `${scenario.name} ${loss.after} ${loss.survivors}: ${problem ?? 'right'}\n`,
            );
        }
      };
      await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
      assert.deepEqual(problems, []);
    });
  }

  describe('in all states that it may leave the disk in', () => {
    /** After each call, by what survives. */
    let states: { readonly survivors: Survivors; readonly files: ReadonlyMap<string, Buffer> }[];

    before(async () => {
      const { changes } = await undisturbed(SCENARIOS[0]!);
      const disk = new DiskModel(FOLDERS);
      states = changes.flatMap((change) => {
        disk.apply(change);
        return SURVIVORS.map((survivors) => ({ survivors, files: disk.files(survivors) }));
      });
    });

    it('what has the name of a checkpoint, or of a phase’s result, is whole', () => {
      const named = /^(\/run\/(?:checkpoints|phases)\/[^./][^/]*)\//;
      for (const { files } of states) {
        const folders = [...files.keys()].flatMap((path) => named.exec(path)?.[1] ?? []);
        for (const folder of new Set(folders)) {
          const manifest = JSON.parse(String(files.get(`${folder}/manifest.json`)));
          const listed = Object.entries<{ sha256: string }>(manifest.files);
          assert.ok(listed.length > 0);
          for (const [name, { sha256 }] of listed) {
            const found = files.get(`${folder}/${name}`) ?? Buffer.alloc(0);
            assert.equal(createHash('sha256').update(found).digest('hex'), sha256, folder);
          }
        }
      }
    });

    it('what has a name among the files of a run is whole', () => {
      const last = states.at(-1)!.files;
      for (const name of ['config.yaml', 'data.json', 'training-sequences.bin']) {
        const whole = last.get(`/run/${name}`)!;
        assert.ok(whole.length > 0);
        for (const { files } of states) {
          const found = files.get(`/run/${name}`);
          assert.ok(found === undefined || found.equals(whole), `${name}: ${found}`);
        }
      }
    });

    it('there is a checkpoint once there was one, and the last one at the end', () => {
      const kept = states
        .filter(({ survivors }) => survivors === 'nothing')
        .map(({ files }) => [...files.keys()].filter((path) => /\/step-\d+\/manifest/.test(path)));
      const first = kept.findIndex((paths) => paths.length > 0);
      assert.ok(first > 0);
      assert.ok(kept.slice(first).every((paths) => paths.length > 0));
      assert.ok(kept.at(-1)!.some((path) => path.includes('/step-00000008/')));
    });
  });
});
