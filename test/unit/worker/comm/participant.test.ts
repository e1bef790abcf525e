import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CoordinatorBody, CoordinatorMessage } from '../../../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../../../src/protocol/messages.ts';
import { HEARTBEAT_MS } from '../../../../src/protocol/timing.ts';
import { Participant } from '../../../../src/worker/comm/participant.ts';

/** The participant of the only worker of a run, on a clock of its own. */
class Alone {
  nowMs = 0;
  asked = 0;
  readonly participant = new Participant({
    ...{ run: 'r', slot: 0, pid: 1, host: 'h', transport: null, reduceDeadlineMs: 1e6 },
    nowMs: () => this.nowMs,
    send: () => {},
    askMainThread: () => this.asked++,
    onRegroup: () => {},
    onAbort: () => {},
  });

  hear(body: CoordinatorBody): void {
    const envelope = { protocol: PROTOCOL_VERSION, run: 'r', generation: 1 };
    this.participant.received({ ...body, ...envelope } as CoordinatorMessage);
  }

  /** The next heartbeat, on time unless said. */
  beat(afterMs = HEARTBEAT_MS) {
    this.nowMs += afterMs;
    const { kind: _, step: __, ...said } = this.participant.heartbeat();
    return said;
  }

  async runReplica(): Promise<void> {
    const { participant } = this;
    const joined = participant.join({ configHash: 'c', dataHash: 'd', fingerprint: 'f' });
    await settled();
    this.hear({ kind: 'regroup' });
    await settled();
    const peers = [{ rank: 0, endpoint: '', host: 'h' }];
    const place = { rank: 0, worldSize: 1, peers, receivers: [] };
    this.hear({ kind: 'assign', ...place, origin: { kind: 'disk', again: false } });
    await joined;
    const ready = participant.ready({ step: 0, stateHash: 's' });
    await settled();
    this.hear({ kind: 'lease', until: 2 });
    await ready;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const vector = Float32Array.of(1, 2);
const INPUT = { step: 0, microBatches: 1, length: 2, subtrees: [{ level: 0, index: 0, vector }] };

describe('the heartbeat of a worker', () => {
  test('tells a training step, from its lease to its all-reduce, from all else and from waiting', async () => {
    const alone = new Alone();
    await alone.runReplica();
    assert.equal(alone.beat().activity, 'computing');
    alone.participant.mainThreadAnswered();
    await alone.participant.awaitLease(0);
    alone.beat();
    assert.deepEqual(alone.beat(), { activity: 'training', forMs: 1_000, blockedMs: 500 });
    await alone.participant.allReduce(INPUT);
    assert.equal(alone.beat().activity, 'computing');
    const lease = alone.participant.awaitLease(2);
    assert.equal(alone.beat().activity, 'waiting');
    alone.hear({ kind: 'lease', until: 3 });
    await lease;
    assert.equal(alone.beat().activity, 'training');
  });

  test('a drain is no training step', async () => {
    const alone = new Alone();
    await alone.runReplica();
    alone.hear({ kind: 'drain', stopAt: 0 });
    assert.equal(await alone.participant.awaitLease(0), 'drain');
    assert.equal(alone.beat().activity, 'computing');
  });

  test('asks the main thread, once until it answers, and says since when it owes the answer', () => {
    const alone = new Alone();
    assert.equal(alone.beat().blockedMs, 0);
    assert.equal(alone.beat().blockedMs, HEARTBEAT_MS);
    assert.equal(alone.beat().blockedMs, 2 * HEARTBEAT_MS);
    assert.equal(alone.asked, 1);
    alone.participant.mainThreadAnswered();
    assert.equal(alone.beat().blockedMs, 0);
    assert.equal(alone.asked, 2);
  });

  test('does not count the time in which the whole process was stopped', () => {
    const alone = new Alone();
    alone.beat();
    alone.beat();
    const before = alone.beat();
    const { blockedMs, forMs } = alone.beat(60_000);
    assert.equal(blockedMs, before.blockedMs + HEARTBEAT_MS);
    assert.equal(forMs, before.forMs + HEARTBEAT_MS);
  });
});
