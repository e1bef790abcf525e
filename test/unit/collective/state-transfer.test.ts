import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArrivedFrame } from '../../../src/collective/all-reduce.ts';
import { AllReduce } from '../../../src/collective/all-reduce.ts';
import { StateReceipt, sendState } from '../../../src/collective/state-transfer.ts';
import { runTag } from '../../../src/protocol/data-frame.ts';
import { memoryTransport } from '../../helper/memory-transport.ts';

/** What arrives when rank 0 of generation 2 sends `state` to rank 1, which is in `generation`. */
async function framesOf(state: Uint8Array, generation = 2): Promise<ArrivedFrame[]> {
  const hub = new Map();
  const [sender, receiver] = ['a', 'b'].map((name) => memoryTransport(hub, name));
  await sender!.bind();
  await receiver!.bind();
  await sender!.connect([{ rank: 1, endpoint: 'b' }]);
  const frames: ArrivedFrame[] = [];
  const { signal } = new AbortController();
  new AllReduce({
    ...{
      rank: 1,
      worldSize: 2,
      generation,
      run: 'r',
      transport: receiver!,
      deadlineMs: 1e4,
      signal,
    },
    onState: (frame) => frames.push(frame),
  });
  const from = { rank: 0, worldSize: 2, generation: 2 };
  await sendState(sender!, { run: runTag('r'), sender: from, step: 5 }, 1, state);
  await new Promise((resolve) => setImmediate(resolve));
  await receiver!.close();
  return frames;
}

const STATE = Uint8Array.from({ length: 2 * 2 ** 20 + 12 }, (_, i) => (i * 7) % 251);

test('a state arrives whole, whatever the order of its frames, repeated ones included', async () => {
  const frames = await framesOf(STATE);
  assert.equal(frames.length, 3);
  const receipt = new StateReceipt(0);
  const [a, b, c] = frames;
  assert.deepEqual(
    [c, a, a].map((frame) => receipt.accept(frame!)),
    [null, null, null],
  );
  assert.ok(Buffer.from(receipt.accept(b!)!).equals(STATE));
});

test('a state of another sender or of another length is ignored', async () => {
  const frames = await framesOf(STATE);
  const other = new StateReceipt(2);
  assert.ok(frames.every((frame) => other.accept(frame) === null));
  const receipt = new StateReceipt(0);
  receipt.accept(frames[0]!);
  const [small] = await framesOf(STATE.subarray(0, 8));
  assert.equal(receipt.accept(small!), null);
});

test('frames of another generation do not arrive', async () => {
  assert.deepEqual(await framesOf(STATE.subarray(0, 8), 3), []);
});
