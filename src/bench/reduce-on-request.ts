/** One rank of an all-reduce that is timed: a request a line on standard input, its answer on standard output. */
import { createInterface } from 'node:readline';
import { AllReduce, type AllReduceOptions } from '../collective/all-reduce.ts';
import type { Transport } from '../collective/transport/transport.ts';
import { shareOf, wholeSubtrees } from '../core/canonical-sum.ts';

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
  /** CPU time of this rank's process, all threads, for one reduction. */
  readonly cpuMs: number;
  /** Whether every sum was right. */
  readonly correct: boolean;
}

/**
 * Answers until the input ends, and closes the transport. Each rank has one micro-batch.
 * @param transport connected to all other ranks
 */
export async function reduceOnRequest(
  transport: Transport,
  given: Pick<AllReduceOptions, 'rank' | 'worldSize' | 'hosts' | 'run'>,
): Promise<void> {
  const { rank, worldSize } = given;
  const allReduce = new AllReduce({
    ...{ ...given, generation: 1, transport, deadlineMs: 60_000 },
    signal: new AbortController().signal,
  });
  const [node] = wholeSubtrees(shareOf(rank, worldSize, worldSize), worldSize);
  const expected = (worldSize * (worldSize + 1)) / 2;
  let step = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const { floats, warmUp, repeats } = JSON.parse(line) as CollectiveRequest;
    // The memory in which a worker's main thread writes its leaves.
    const vector = transport.memory(floats).fill(rank + 1);
    const milliseconds: number[] = [];
    let cpuBefore = process.cpuUsage();
    let correct = true;
    for (let repeat = 0; repeat < warmUp + repeats; repeat++) {
      if (repeat === warmUp) cpuBefore = process.cpuUsage();
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
    const { user, system } = process.cpuUsage(cpuBefore);
    const answer: CollectiveAnswer = {
      milliseconds,
      cpuMs: (user + system) / 1e3 / repeats,
      correct,
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await transport.close();
}
