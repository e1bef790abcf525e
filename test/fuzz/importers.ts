/** Mutated files at the importers: each must be read, or refused by name, in time. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../src/core/errors.ts';
import { type ImportItem, isSkip, SKIP_REASONS } from '../../src/data/record.ts';
import { importSource } from '../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../src/importer/source-rules.ts';
import { importSeeds, type Seed } from './import-corpus.ts';
import { type Dice, diceOf, mutate } from './mutate.ts';

export interface ImportFuzz {
  readonly count: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}

/** What became of the files. */
export interface FuzzOutcome {
  read: number;
  refused: number;
}

/** CPU time that a file of some kilobytes may take; a machine with other work takes longer by the clock only. */
const MOST_CPU_MS = 3000;
const MOST_FAILURES = 20;
const REFUSALS = ['DATA_INVALID', 'DATA_NOT_FOUND', 'USAGE'];

/**
 * Gives mutated files to the importers. Those that break something stay in a folder.
 * @returns how many were read and refused
 * @throws AggregateError with what broke, after some failures or at the end
 */
export async function fuzzImporters({ count, seed, tell }: ImportFuzz): Promise<FuzzOutcome> {
  const seeds = importSeeds();
  const others = seeds.map(({ bytes }) => bytes);
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-fuzz-'));
  const outcome = { read: 0, refused: 0 };
  const failures: Error[] = [];
  for (let i = 0; i < count; i++) {
    // Each file has dice of its own, so that one can be made again without those before it.
    const dice = diceOf(seed * 1_000_003 + i * 7919 + 1);
    const from = seeds[dice(seeds.length)]!;
    try {
      outcome[await tryOne(folder, from, others, dice)]++;
    } catch (cause) {
      const kept = join(folder, `failure-${i}`);
      mkdirSync(kept);
      cpSync(join(folder, from.name), join(kept, from.name));
      failures.push(new Error(`seed ${seed}, file ${i}, kept in ${kept}/${from.name}`, { cause }));
    }
    if (failures.length === MOST_FAILURES) break;
    if ((i + 1) % 10_000 === 0)
      tell?.(`${i + 1} files: ${outcome.read} read, ${outcome.refused} refused`);
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} files broke something`);
  rmSync(folder, { recursive: true });
  return outcome;
}

async function tryOne(
  folder: string,
  from: Seed,
  others: readonly Buffer[],
  dice: Dice,
): Promise<keyof FuzzOutcome> {
  const isCut = dice(8) === 0;
  const bytes = isCut
    ? from.bytes.subarray(0, dice(from.bytes.length))
    : damaged(from.bytes, others, dice);
  for (const [name, content] of Object.entries(from.beside))
    writeFileSync(join(folder, name), content);
  const source = join(folder, from.name);
  writeFileSync(source, bytes);
  const options = from.options[dice(from.options.length)]!;
  const start = process.cpuUsage();
  const verdict = await importOne(source, options);
  const { user, system } = process.cpuUsage(start);
  assert.ok((user + system) / 1000 < MOST_CPU_MS, `it took ${(user + system) / 1000} ms`);
  if (isCut && from.knowsItsLength)
    assert.equal(verdict, 'refused', `cut at ${bytes.length} of ${from.bytes.length}`);
  return verdict;
}

/** Characters that mean something to formats of text. */
const TELLING = Buffer.from(',;:|\n\r\t"\' .-+eEnN0123456789?@>#%{}[]\\\0\xff', 'latin1');

/** Much damage, or little: one or two bytes, which more files survive. */
function damaged(bytes: Buffer, others: readonly Buffer[], dice: Dice): Buffer {
  if (dice(3) === 0) return mutate(bytes, others, dice);
  const changed = Buffer.from(bytes);
  for (let changes = 1 + dice(2); changes > 0 && bytes.length > 0; changes--) {
    const at = dice(bytes.length);
    if (dice(2) === 0) changed[at]! ^= 1 << dice(8);
    else changed[at] = TELLING[dice(TELLING.length)]!;
  }
  return changed;
}

async function importOne(
  source: string,
  options: Readonly<Record<string, unknown>>,
): Promise<keyof FuzzOutcome> {
  try {
    const { items } = importSource({ ...DEFAULT_RULES, source, options });
    for await (const item of items) checkItem(item);
    return 'read';
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    assert.ok(REFUSALS.includes(thrown.code), thrown.code);
    assert.match(thrown.message, /^(Cannot|--)/);
    return 'refused';
  }
}

function checkItem(item: ImportItem): void {
  assert.equal(typeof item.id, 'string');
  if (isSkip(item)) {
    assert.ok(Object.hasOwn(SKIP_REASONS, item.skipped), item.skipped);
    return;
  }
  const { values, channels = 1, targets, timestepLabels } = item;
  assert.ok(Number.isInteger(channels) && channels > 0, `${channels} channels`);
  assert.equal(values.length % channels, 0);
  for (let t = 0; t < values.length; t++) assert.equal(typeof values[t], 'number');
  assert.ok(targets?.every((target) => Number.isFinite(target)) ?? true);
  if (timestepLabels) assert.equal(timestepLabels.length * channels, values.length);
}
