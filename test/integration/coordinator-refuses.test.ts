/** What reaches the coordinator's socket from outside its run; the "workers" live in this process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { CoordinatorOutcome } from '../../src/coordinator/machine.ts';
import {
  openRendezvous,
  prepareRendezvous,
  removeRendezvous,
} from '../../src/coordinator/rendezvous.ts';
import { runCoordinator } from '../../src/coordinator/server.ts';
import type { ExitStatus, Seat } from '../../src/launch/launching.ts';
import { decodeFromCoordinator, encode } from '../../src/protocol/codec.ts';
import type { ControlClient } from '../../src/protocol/control-socket.ts';
import { openControlClient } from '../../src/protocol/control-socket.ts';
import {
  makeProcessKeys,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../../src/protocol/curve-keys.ts';
import type { CoordinatorMessage, WorkerBody } from '../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { workerName } from '../../src/protocol/worker-name.ts';
import { deadline } from '../helper/slowness.ts';

class Peer {
  readonly #client: ControlClient;
  readonly #run: string;
  readonly #inbox: CoordinatorMessage[] = [];
  #wake: () => void = () => {};

  /** `identity` is absent for the worker of the seat itself. */
  constructor(seat: Seat, identity?: string, run = seat.environment.LOCKSTEP_RUN!) {
    this.#run = run;
    const keys = readKeyFile(seat.environment.LOCKSTEP_KEY_FILE!);
    const name = identity ?? workerName(seat, seat.environment.LOCKSTEP_RUN!, keys);
    const handlers = {
      onFrame: (frame: Uint8Array | null) => {
        const decoded = decodeFromCoordinator(frame!);
        if (decoded.ok) this.#inbox.push(decoded.message);
        this.#wake();
      },
      onSendFailure: () => {},
      onReconnected: () => {},
    };
    const endpoint = seat.environment.LOCKSTEP_COORDINATOR!;
    this.#client = openControlClient(endpoint, name, handlers, keys);
  }

  say(body: WorkerBody, generation = 1): void {
    const envelope = { protocol: PROTOCOL_VERSION, run: this.#run, generation };
    this.#client.send(encode({ ...body, ...envelope }));
  }

  raw(frame: Uint8Array): void {
    this.#client.send(frame);
  }

  /** The next message of a kind. */
  async get(kind: CoordinatorMessage['kind']): Promise<CoordinatorMessage> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message?.kind === kind) return message;
      if (message === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    void this.#client.close();
  }
}

const hello = (slot: number, configHash = 'c'): WorkerBody => ({
  kind: 'hello',
  slot,
  pid: process.pid,
  dataEndpoint: '',
  host: 'h',
  configHash,
  dataHash: 'd',
  fingerprint: 'f',
});

/** One worker's whole run of no step at all. */
async function behave(worker: Peer): Promise<void> {
  worker.say(hello(0), 0);
  await worker.get('regroup');
  worker.say({ kind: 'boundary', at: null });
  await worker.get('assign');
  worker.say({ kind: 'ready', step: 1, stateHash: 's' });
  await worker.get('lease');
  worker.say({ kind: 'finished', step: 1, stateHash: 's', reason: 'completed' });
  await worker.get('complete');
}

/** A coordinator of one worker; `body` plays all peers, then the worker "exits". */
async function coordinate(
  body: (seat: Seat, status: string[]) => Promise<void>,
): Promise<{ outcome: CoordinatorOutcome; status: readonly string[] }> {
  const status: string[] = [];
  let exit: (slot: number, status: ExitStatus) => void = () => {};
  let seat: Seat | undefined;
  // With the keys of a second slot, whose worker is never started.
  const keyFolder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  writeKeyFiles(keyFolder, makeProcessKeys(2));
  const spec = prepareRendezvous('a', { kind: 'tcp', host: '127.0.0.1', keyFolder }, 1, 0);
  const running = runCoordinator({
    rendezvous: openRendezvous(spec),
    expected: {},
    totalSteps: 1,
    launch: ([first], { onExit }) => {
      seat = first;
      exit = onExit;
      return [{ slot: 0, kill: () => onExit(0, { code: null, signal: 'SIGKILL', lastLine: '' }) }];
    },
    watchSignals: () => () => {},
    onEvent: (event) => void (event.kind === 'status' && status.push(event.text)),
  });
  while (seat === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  await body(seat, status);
  exit(0, { code: 0, signal: null, lastLine: '' });
  const outcome = await running;
  removeRendezvous(spec);
  rmSync(keyFolder, { recursive: true });
  return { outcome, status };
}

describe('the coordinator', { timeout: deadline(60_000) }, () => {
  test('refuses strangers, tells them why, and goes on with its run', async () => {
    const { outcome, status } = await coordinate(async (seat) => {
      const strangers = [
        new Peer(seat, 'worker-7-0'),
        new Peer(seat, 'someone else'),
        new Peer(seat, 'worker-0-0x', 'another#run'),
      ];
      for (const stranger of strangers) {
        stranger.say(hello(0), 0);
        const abort = await stranger.get('abort');
        assert.ok(abort.kind === 'abort' && abort.code === 'PROTOCOL');
        stranger.close();
      }
      const noise = new Peer(seat, 'noise');
      for (let i = 0; i < 100; i++) noise.raw(Buffer.alloc(50, i));
      await noise.get('abort');
      const worker = new Peer(seat);
      await behave(worker);
      worker.close();
      noise.close();
    });
    assert.equal(outcome.kind, 'completed');
    // One line a peer, however much it sends, without its control characters.
    assert.equal(status.filter((text) => text.startsWith('refused a peer')).length, 4);
    assert.match(
      status.at(-1)!,
      /^refused in all: 0 connections, 0 of them with a wrong key, and \d+ frames$/,
    );
    assert.ok(
      status.some((text) => text.startsWith('refused a peer that calls itself "someone?else"')),
    );
  });

  test('refuses a peer that has the key of another slot, whatever it heard of the worker, and goes on', async () => {
    const { outcome, status } = await coordinate(async (seat) => {
      const { LOCKSTEP_KEY_FILE: path, LOCKSTEP_RUN: run } = seat.environment;
      const otherFile = workerKeyFile(dirname(path!), 1);
      const keys = readKeyFile(otherFile);
      const other = { ...seat, environment: { ...seat.environment, LOCKSTEP_KEY_FILE: otherFile } };
      // Before the worker is there: whoever has its name first would keep it out.
      const imposters = ['worker-0-0', workerName(seat, run!, keys)].map(
        (name) => new Peer(other, name),
      );
      for (const imposter of imposters) {
        imposter.say(hello(0, 'another'), 0);
        const abort = await imposter.get('abort');
        assert.ok(abort.kind === 'abort');
        assert.match(abort.message, /it has not the key of worker 0/);
      }
      const worker = new Peer(seat);
      await behave(worker);
      for (const peer of [...imposters, worker]) peer.close();
    });
    assert.equal(outcome.kind, 'completed');
    const refused = status.filter((text) => text.startsWith('refused a peer'));
    const line = 'refused a peer that calls itself "worker-0-0": it has not the key of worker 0';
    assert.deepEqual(refused, [line, line]);
  });

  test('names no more strangers than fit on a page, and counts the others', async () => {
    const { outcome, status } = await coordinate(async (seat, said) => {
      const strangers = Array.from({ length: 110 }, (_, i) => new Peer(seat, `stranger-${i}`));
      for (const stranger of strangers) stranger.raw(Buffer.from('nonsense'));
      const worker = new Peer(seat);
      // It begins when all strangers have been heard.
      while (said.filter((text) => text.startsWith('refused')).length < 100)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await behave(worker);
      for (const peer of [...strangers, worker]) peer.close();
    });
    assert.equal(outcome.kind, 'completed');
    assert.equal(status.filter((text) => text.startsWith('refused a peer')).length, 100);
  });

  test('loses a worker that says it is in another slot', async () => {
    const { outcome } = await coordinate(async (seat, said) => {
      const worker = new Peer(seat);
      worker.say(hello(5), 0);
      while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      worker.close();
    });
    assert.match(outcome.reason, /^Lost worker 0: .* It says that it is in slot 5\.$/);
  });

  test('refuses a worker of another run in a slot of its own', async () => {
    const { outcome } = await coordinate(async (seat) => {
      const old = new Peer(seat, undefined, 'a#old');
      old.say(hello(0), 0);
      const abort = await old.get('abort');
      assert.ok(abort.kind === 'abort');
      assert.match(abort.message, /it belongs to another run/);
      old.close();
    });
    assert.equal(outcome.exitCode, 7);
  });

  test('loses a member that can not be understood any more, by name, and ends its process', async () => {
    const { outcome } = await coordinate(async (seat) => {
      const worker = new Peer(seat);
      worker.say(hello(0), 0);
      await worker.get('regroup');
      worker.raw(Buffer.from('nonsense'));
      await worker.get('abort');
      worker.close();
    });
    assert.equal(outcome.error?.code, 'PROTOCOL');
    assert.match(
      outcome.reason,
      /^Lost worker 0 \(pid \d+\): it can't be understood\. Cannot read a control message/,
    );
  });

  test('ignores what a member says in another generation', async () => {
    const { outcome } = await coordinate(async (seat) => {
      const worker = new Peer(seat);
      worker.say({ kind: 'finished', step: 9, stateHash: 'x', reason: 'completed' }, 8);
      await behave(worker);
      worker.close();
    });
    assert.deepEqual([outcome.kind, outcome.stateHash], ['completed', 's']);
  });
});
