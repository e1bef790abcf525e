/** The connections of one agent: it listens for all others, and connects to those to whom it has something to say. */
import { randomBytes } from 'node:crypto';
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { capital } from '../core/format.ts';
import {
  type ControlClient,
  type ControlServer,
  openControlClient,
  openControlServer,
} from '../protocol/control-socket.ts';
import { splitHostAndPort, tcpEndpoint } from '../protocol/endpoint.ts';
import { Gate } from '../protocol/gate.ts';
import { hostKeys } from '../protocol/host-keys.ts';
import {
  decodeFromLeader,
  decodeFromMember,
  encodeHostMessage,
  type LeaderMessage,
  type MemberMessage,
  travelling,
} from '../protocol/host-messages.ts';
import { anyAddress } from './address.ts';

/** The last word has so long to get out. */
const LAST_WORD_MS = 100;

export interface LinkHandlers {
  /** Somebody who has connected to this agent says something; `peer` names the connection. */
  readonly onMember: (peer: string, message: MemberMessage) => void;
  /** Somebody to whom this agent has connected answers; `at` is where it listens. */
  readonly onLeader: (at: string, message: LeaderMessage) => void;
  /** Somebody who has connected to this agent did not get what it was answered: it reads too slowly, or is gone. */
  readonly onUnheard: (peer: string) => void;
  /** The connection was broken, and what was under way is perhaps lost. */
  readonly onReconnected: (at: string) => void;
  /** What an agent says that is no message, such as one of another version. */
  readonly onNonsense: (at: string, thrown: unknown) => void;
  /** Hears of connections that were refused. */
  readonly tell: (text: string) => void;
}

export class AgentLinks {
  readonly #secret: Buffer;
  readonly #handlers: LinkHandlers;
  readonly #identity = `host-${process.pid}-${randomBytes(8).toString('hex')}`;
  readonly #clients = new Map<string, ControlClient>();
  readonly #gate: Gate;
  #server: ControlServer | null = null;

  private constructor(secret: Buffer, gate: Gate, handlers: LinkHandlers) {
    this.#secret = secret;
    this.#gate = gate;
    this.#handlers = handlers;
  }

  /**
   * @param port where to listen; null for any free port
   * @throws LockstepError PORT_IN_USE
   */
  static async open(
    secret: Buffer,
    port: number | null,
    handlers: LinkHandlers,
  ): Promise<AgentLinks> {
    const tell = (refused: string) => handlers.tell(`${capital(refused)}.`);
    const gate = await Gate.open(hostKeys(secret).leader, tell);
    const links = new AgentLinks(secret, gate, handlers);
    const own = {
      onFrame: (peer: string, frame: Uint8Array | null) => links.#onFrame(peer, frame),
      onSendFailure: handlers.onUnheard,
    };
    try {
      links.#server = await openControlServer(tcpEndpoint(anyAddress(), port ?? '*'), own, gate);
    } catch (thrown) {
      await gate.close();
      throw port === null ? thrown : withOtherAdvice(thrown);
    }
    return links;
  }

  get port(): number {
    return splitHostAndPort(this.#server!.endpoint).port;
  }

  /** Answers somebody who has connected. */
  answer(peer: string, message: LeaderMessage): void {
    this.#server?.send(peer, encodeHostMessage(message));
  }

  /** @param at where the other one listens: `10.0.0.1:29400` */
  say(at: string, message: MemberMessage): void {
    this.#clientTo(at).send(encodeHostMessage(message));
  }

  /** Nothing more is heard from there. */
  async drop(at: string): Promise<void> {
    const client = this.#clients.get(at);
    this.#clients.delete(at);
    client?.giveUp();
    await client?.close();
  }

  async close(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LAST_WORD_MS));
    await Promise.all([...this.#clients.keys()].map((at) => this.drop(at)));
    this.#server?.close();
    await this.#gate.close();
  }

  #clientTo(at: string): ControlClient {
    const known = this.#clients.get(at);
    if (known !== undefined) return known;
    const handlers = {
      onReconnected: () => {
        if (this.#clients.has(at)) this.#handlers.onReconnected(at);
      },
      onFrame: (frame: Uint8Array | null) => {
        if (this.#clients.has(at)) this.#onAnswer(at, frame);
      },
      // A host that is gone is noticed by its silence.
      onSendFailure: () => {},
    };
    const keys = hostKeys(this.#secret).member;
    const client = openControlClient(`tcp://${at}`, this.#identity, handlers, keys);
    this.#clients.set(at, client);
    return client;
  }

  #onFrame(peer: string, frame: Uint8Array | null): void {
    let message: MemberMessage;
    try {
      message = decodeFromMember(frame);
    } catch (thrown) {
      this.answer(peer, { kind: 'refused', failure: travelling(asLockstepError(thrown)) });
      return;
    }
    this.#handlers.onMember(peer, message);
  }

  #onAnswer(at: string, frame: Uint8Array | null): void {
    let message: LeaderMessage;
    try {
      message = decodeFromLeader(frame);
    } catch (thrown) {
      this.#handlers.onNonsense(at, thrown);
      return;
    }
    this.#handlers.onLeader(at, message);
  }
}

/** The user has named the port. */
function withOtherAdvice(thrown: unknown): unknown {
  const { code, message, cause } = asLockstepError(thrown);
  if (code !== 'PORT_IN_USE') return thrown;
  const advice = 'End what listens there, or name another port with --rendezvous on all hosts.';
  return new LockstepError(code, message, advice, { cause });
}
