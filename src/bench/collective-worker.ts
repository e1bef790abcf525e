/** One rank of the all-reduce that `bench collective` times. Arguments: RANK WORLD_SIZE FOLDER; one request a line. */
import { createInterface } from 'node:readline';
import { AllReduce } from '../collective/all-reduce.ts';
import { openTransport } from '../collective/transport/open-transport.ts';
import { shareOf, wholeSubtrees } from '../core/canonical-sum.ts';
import { ipcEndpoint } from '../protocol/private-folder.ts';

/** A request. All ranks get the same one at the same time. */
export interface CollectiveRequest {
  /** Numbers in the vector. */
  readonly floats: number;
  readonly warmUp: number;
  readonly repeats: number;
}

/** The answer to a request. */
export interface CollectiveAnswer {
  readonly milliseconds: readonly number[];
  /** Whether every sum was right. */
  readonly correct: boolean;
}

const [rank, worldSize] = process.argv.slice(2, 4).map(Number) as [number, number];
const folder = process.argv[4]!;
const endpointOf = (other: number) => ipcEndpoint(folder, `worker-${other}.sock`);

const transport = openTransport({
  address: endpointOf(rank),
  keys: null,
  onRefused: () => {},
});
await transport.bind();
const others = Array.from({ length: worldSize }, (_, other) => other).filter(
  (other) => other !== rank,
);
await transport.connect(others.map((other) => ({ rank: other, endpoint: endpointOf(other) })));
const allReduce = new AllReduce({
  rank,
  worldSize,
  run: folder,
  generation: 1,
  transport,
  deadlineMs: 60_000,
  signal: new AbortController().signal,
});

// One micro-batch for each rank.
const [node] = wholeSubtrees(shareOf(rank, worldSize, worldSize), worldSize);
let step = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { floats, warmUp, repeats } = JSON.parse(line) as CollectiveRequest;
  // The memory in which a worker's main thread writes its leaves.
  const vector = transport.memory(floats).fill(rank + 1);
  const expected = (worldSize * (worldSize + 1)) / 2;
  const milliseconds: number[] = [];
  let correct = true;
  for (let repeat = 0; repeat < warmUp + repeats; repeat++) {
    const started = performance.now();
    const sum = await allReduce.reduce({
      step: step++,
      microBatches: worldSize,
      length: floats,
      subtrees: [{ ...node!, vector }],
    });
    const elapsed = performance.now() - started;
    if (repeat >= warmUp) milliseconds.push(elapsed);
    correct &&= sum[0] === expected && sum[floats - 1] === expected;
  }
  process.stdout.write(`${JSON.stringify({ milliseconds, correct } satisfies CollectiveAnswer)}\n`);
}
await transport.close();
