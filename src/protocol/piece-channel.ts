/**
 * Files in pieces, from the host that leads to those that ask for them: sockets of their own, encrypted with the keys of
 * the hosts, so that no heartbeat waits behind a large file. Whoever asks says which piece of which file of the list that
 * it was told, never a path. What was not answered is asked for again, so the server keeps nothing in mind.
 */
import { Context, Dealer, Router } from 'zeromq';
import { z } from 'zod';
import { asLockstepError, type LockstepError } from '../core/errors.ts';
import { errorOfFailure, failure } from '../core/failure.ts';
import { bindOrExplain, serial } from './control-socket.ts';
import { isIPv6Endpoint, splitHostAndPort, tcpEndpoint } from './endpoint.ts';
import { clientOptions, ENCRYPTION_BYTES, Gate, HANDSHAKE_MS, type OnRefused } from './gate.ts';
import { hostKeys } from './host-keys.ts';
import { travelling } from './host-messages.ts';

/** Bytes of a piece; the last one of a file may have fewer. Even 1 Mbit/s brings one in about two seconds. */
export const PIECE_BYTES = 256 << 10;
/** Bytes of a request, and of what is said beside a piece. */
const MOST_WORDS_BYTES = 16 << 10;

const count = z.int().min(0);
const piece = {
  /** Name of this start of the run. */
  run: z.string().max(256),
  /** Its number in the list. */
  file: count,
  /** Of its first byte. */
  offset: count,
};
const request = z.strictObject(piece);
const text = z.string().max(4096);
const answer = z.strictObject({
  ...piece,
  /** Why it can't be had. */
  failure: z.strictObject({ code: z.string().max(64), message: text, advice: text }).nullable(),
});

export type PieceRequest = z.output<typeof request>;

export interface PieceServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers hosts that know the secret.
 * @param host the address to listen on
 * @param read the bytes of a piece; what it throws is told to whoever asked
 * @throws LockstepError PORT_IN_USE
 */
export async function openPieceServer(
  secret: Buffer,
  host: string,
  read: (asked: PieceRequest) => Promise<Uint8Array>,
  onRefused: OnRefused,
): Promise<PieceServer> {
  const gate = await Gate.open(hostKeys(secret).leader, onRefused);
  const endpoint = tcpEndpoint(host, '*');
  const router = new Router({
    ...gate.options,
    ...{ maxMessageSize: MOST_WORDS_BYTES + ENCRYPTION_BYTES, sendTimeout: 0, linger: 0 },
    // One that goes away does not keep its pieces here.
    sendHighWaterMark: 64,
    ipv6: isIPv6Endpoint(endpoint),
  });
  gate.watch(router);
  try {
    await bindOrExplain(router, endpoint);
  } catch (thrown) {
    await gate.close();
    throw thrown;
  }
  const sendInOrder = serial();
  const answerOne = async (peer: Buffer, words: Buffer): Promise<void> => {
    const asked = parsed(request, words);
    if (asked === undefined) return;
    const [said, bytes] = await answerTo(asked, read);
    // A peer that is gone, or reads too little, asks again.
    await sendInOrder(() => router.send([peer, said, bytes])).catch(() => undefined);
  };
  const receiving = (async () => {
    for await (const [peer, words, ...rest] of router) {
      if (peer !== undefined && words !== undefined && rest.length === 0)
        void answerOne(peer, words);
    }
  })();
  receiving.catch(() => undefined);
  return {
    port: splitHostAndPort(router.lastEndpoint!).port,
    close: async () => {
      router.close();
      await gate.close();
    },
  };
}

async function answerTo(
  asked: PieceRequest,
  read: (asked: PieceRequest) => Promise<Uint8Array>,
): Promise<[said: string, bytes: Uint8Array]> {
  try {
    const bytes = await read(asked);
    return [JSON.stringify({ ...asked, failure: null }), bytes];
  } catch (thrown) {
    const why = travelling(asLockstepError(thrown));
    return [JSON.stringify({ ...asked, failure: why }), new Uint8Array(0)];
  }
}

export interface PieceClient {
  ask(file: number, offset: number): void;
  close(): void;
}

export interface PieceHandlers {
  onPiece(file: number, offset: number, bytes: Uint8Array): void;
  /** The other side can't give it. */
  onFailure(error: LockstepError): void;
}

/**
 * Asks the host that leads; the connection is made in the background.
 * @param at "10.0.0.1:40000" or "[fd00::1]:40000"
 * @param run name of this start of the run: what is answered for another one counts for nothing
 */
export function openPieceClient(
  at: string,
  secret: Buffer,
  run: string,
  { onPiece, onFailure }: PieceHandlers,
): PieceClient {
  const keys = hostKeys(secret).member;
  // Heartbeats share the thread of the default context.
  const context = new Context({ blocky: false });
  const endpoint = `tcp://${at}`;
  const dealer = new Dealer({
    ...clientOptions(keys, keys.coordinatorKey),
    ...{ context, maxMessageSize: PIECE_BYTES + ENCRYPTION_BYTES, sendTimeout: 0, linger: 0 },
    ...{ handshakeInterval: HANDSHAKE_MS, ipv6: isIPv6Endpoint(endpoint) },
  });
  dealer.connect(endpoint);
  const receiving = (async () => {
    for await (const [words, bytes, ...rest] of dealer) {
      const said = words === undefined ? undefined : parsed(answer, words);
      if (said?.run !== run || bytes === undefined || rest.length > 0) continue;
      const { file, offset, failure: why } = said;
      if (why === null) onPiece(file, offset, bytes);
      else onFailure(errorOfFailure(failure(why.code, why.message, why.advice)));
    }
  })();
  receiving.catch(() => undefined);
  const sendInOrder = serial();
  return {
    ask: (file, offset) => {
      const words = JSON.stringify({ run, file, offset });
      // What could not be queued is asked for again.
      sendInOrder(() => dealer.send(words)).catch(() => undefined);
    },
    close: () => dealer.close(),
  };
}

function parsed<Value>(schema: z.ZodType<Value>, words: Buffer): Value | undefined {
  if (words.length > MOST_WORDS_BYTES) return undefined;
  try {
    return schema.safeParse(JSON.parse(words.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
