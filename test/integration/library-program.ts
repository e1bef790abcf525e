/**
 * A program that uses the library, as somebody else's would: `library-program.ts WHAT RUN` in a folder of its own.
 * It says what it saw in `seen.json` and nothing on the terminal.
 */
import { existsSync, writeFileSync } from 'node:fs';
import {
  buildStore,
  evaluate,
  LockstepError,
  openStore,
  predict,
  type RunConfigInput,
  type RunEvent,
  resume,
  train,
} from '../../src/index.ts';

const config: RunConfigInput = {
  name: 'library',
  seed: 1,
  data: {
    store: 'data',
    synthetic: { count: 60, classes: 3, symbols: 6, length: { minimum: 20, maximum: 80 } },
  },
  model: { family: 'dilated', channels: 4, dilations: [1, 2] },
  batch: { microBatches: 2, tokensPerMicroBatch: 256 },
  phases: [
    {
      name: 'finetune',
      start: 'fresh',
      objective: { kind: 'supervised' },
      optimizer: { kind: 'adamw' },
      learningRate: { kind: 'constant', value: 1e-2 },
      duration: { steps: 12 },
      evaluation: { everySteps: 4 },
    },
  ],
  checkpoint: { everySteps: 5 },
};

type Seen = Record<string, unknown>;

const PROGRAMS: Record<string, (runFolder: string) => Promise<Seen>> = {
  async whole(runFolder) {
    const events: RunEvent[] = [];
    const outcome = await train({ config, runFolder, workers: 2, onEvent: (e) => events.push(e) });
    const report = await evaluate({ runFolder, split: 'validation' });
    const predictions = [];
    for await (const prediction of predict({ runFolder, split: 'test' }))
      predictions.push(prediction);
    return { outcome, events, report, predictions };
  },

  async stopped(runFolder) {
    const stop = new AbortController();
    const first = await train({
      config,
      runFolder,
      signal: stop.signal,
      onEvent: (event) => event.kind === 'step' && event.step === 3 && stop.abort(),
    });
    return { first, second: await resume({ runFolder, workers: 2 }) };
  },

  async together(runFolder) {
    const folders = [`${runFolder}-1`, `${runFolder}-2`];
    const outcomes = await Promise.all(
      folders.map((folder) => train({ config, runFolder: folder })),
    );
    return { hashes: outcomes.map(({ stateHash }) => stateHash) };
  },

  async data(store) {
    const records = ['a', 'b', 'c'].map((id) => ({
      id,
      label: id,
      values: [1, 2, id.charCodeAt(0)],
    }));
    const report = await buildStore({
      source: records,
      store,
      shares: { train: 1, validation: 0, test: 0 },
    });
    const opened = await openStore(store);
    const first = Array.from(await opened.read(0, 0, 3));
    const ids = await opened.ids();
    await opened.close();
    writeFileSync('table.csv', 'values,kind\n1 2 3,x\n4 5 6,y\n');
    const files = await buildStore({ source: 'table.csv', store: `${store}-files`, label: 'kind' });
    const taken = await buildStore({ source: records, store }).catch(sentence);
    return { kept: [report.kept, files.kept], ids, first, taken, read: files.read };
  },

  async refused(runFolder) {
    const twice = await Promise.allSettled([
      train({ config, runFolder, signal: AbortSignal.timeout(1) }),
      train({ config, runFolder }),
    ]);
    const wrong = { ...config, seeds: 3, batch: { ...config.batch, microBatches: 0 } };
    const errors = await Promise.all(
      [
        train({ config: wrong, runFolder: 'wrong' }),
        train({ config, runFolder: 'aborted', signal: AbortSignal.abort() }),
        train({ config, runFolder: 'few', minWorkers: 2 }),
        evaluate({ runFolder: 'nowhere' }),
        train({ config, runFolder: 'thrown', onEvent: throwing }).catch((thrown) => {
          throw thrown instanceof LockstepError ? new Error('it was wrapped') : thrown;
        }),
      ].map((refused) => refused.then(() => 'not refused', sentence)),
    );
    const left = ['wrong', 'aborted', 'few', 'nowhere'].filter((folder) => existsSync(folder));
    const busy = twice.flatMap((one) => (one.status === 'rejected' ? [sentence(one.reason)] : []));
    return { errors, left, busy };
  },
};

function throwing(event: RunEvent): void {
  if (event.kind === 'step') throw new TypeError("the caller's own mistake");
}

function sentence(thrown: unknown): string {
  return thrown instanceof LockstepError ? thrown.toLine() : String(thrown);
}

const [what, runFolder] = process.argv.slice(2);
const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
const before = { exitCode: process.exitCode, folder: process.cwd(), listeners: listeners() };
const seen = await PROGRAMS[what!]!(runFolder!);
const after = { exitCode: process.exitCode, folder: process.cwd(), listeners: listeners() };
writeFileSync('seen.json', JSON.stringify({ ...seen, before, after }));
