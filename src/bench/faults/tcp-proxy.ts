/**
 * A link of a network with faults: a TCP proxy that forwards bytes. Its faults:
 *
 *   delay      bytes arrive later
 *   silence    no connection carries anything for a while, new ones included
 *   half-open  the present connections carry nothing more, and nobody closes them
 *   cut        RST on both sides
 *   refusal    of new connections
 */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** `there`: from the side that connects to the target. */
export type Direction = 'there' | 'back';

/** A host and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** Directions that carry nothing more. */
  readonly dead: Set<Direction>;
}

/** One proxy; `close` it after use. */
export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #silent = new Set<Direction>();
  #target: Address | null;
  #delayMs = 0;
  #refuses = false;
  /** Callbacks for the end of a silence, or for a target. */
  #waiting: (() => void)[] = [];

  private constructor(target: Address | null) {
    this.#target = target;
    this.#server = createServer((client) => void this.#accept(client));
  }

  /** Listens on a free port of this host. Connections wait until the proxy has a target. */
  static async open(target: Address | null = null): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The endpoint at which it listens, as ZeroMQ writes it. */
  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Number of open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Sets the target of new connections. */
  leadTo(target: Address): void {
    this.#target = target;
    this.#wake();
  }

  /** Delays all later bytes by `ms`. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Stops all present and new connections until `heal`. */
  silence(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#silent.add(direction);
  }

  /** Resets new connections at once, until `heal`. */
  refuse(): void {
    this.#refuses = true;
  }

  /** Forwards what it held back, and ends all faults; half-open connections stay dead. */
  heal(): void {
    this.#silent.clear();
    this.#refuses = false;
    this.#delayMs = 0;
    this.#wake();
  }

  /** The present connections carry nothing more in these directions; new ones work. */
  halfOpen(...directions: readonly Direction[]): void {
    for (const { dead } of this.#connections) for (const each of directions) dead.add(each);
  }

  /** Resets the present connections on both sides; bytes on the way are lost. */
  cut(): void {
    for (const { client, server } of this.#connections) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #accept(client: Socket): Promise<void> {
    this.#follow(client);
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    while (this.#target === null && !client.destroyed) await this.#change();
    if (client.destroyed) return;
    const server = connect(this.#target!);
    this.#follow(server);
    const connection: Connection = { client, server, dead: new Set() };
    this.#connections.add(connection);
    const passing = [this.#pass(connection, 'there'), this.#pass(connection, 'back')];
    await Promise.all(passing);
    this.#connections.delete(connection);
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    // Resets are expected here; 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#wake();
    });
  }

  /** Forwards bytes until one side closes, then the close, unless the direction is dead. */
  async #pass(connection: Connection, direction: Direction): Promise<void> {
    const { client, server } = connection;
    const [from, to] = direction === 'there' ? [client, server] : [server, client];
    try {
      for await (const chunk of from) {
        if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
        await this.#passage(connection, direction, to);
        if (!to.destroyed && !to.write(chunk as Buffer)) {
          await Promise.race([once(to, 'drain'), once(to, 'close')]);
        }
      }
      await this.#passage(connection, direction, to);
      to.end();
    } catch {
      await this.#passage(connection, direction, to);
      to.resetAndDestroy();
    }
  }

  /** Resolves when bytes may pass, or when the receiver is gone. */
  async #passage({ dead }: Connection, direction: Direction, to: Socket): Promise<void> {
    const isHeld = () => dead.has(direction) || this.#silent.has(direction);
    while (isHeld() && !to.destroyed) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}
