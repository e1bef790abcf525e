/**
 * A link of a network with faults: a TCP proxy that only forwards bytes. Its faults: delay, silence for a
 * while (all connections, new ones too), a half-open connection (those of now carry nothing any more, and
 * nobody closes them), a cut (RST on both sides), refusal of new connections.
 */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** `there`: from those who connect to whom they want. */
export type Direction = 'there' | 'back';

export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** Directions in which nothing passes any more. */
  readonly dead: Set<Direction>;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #silent = new Set<Direction>();
  #target: Address | null;
  #delayMs = 0;
  #refuses = false;
  /** Those who wait for the end of a silence, or for a target. */
  #waiting: (() => void)[] = [];

  private constructor(target: Address | null) {
    this.#target = target;
    this.#server = createServer((client) => void this.#accept(client));
  }

  /** Listens on a free port of this host. Connections wait until there is a target. */
  static async open(target: Address | null = null): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Where it listens, as ZeroMQ writes it. */
  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open now. */
  get size(): number {
    return this.#connections.size;
  }

  /** Where connections that come from now on lead. */
  leadTo(target: Address): void {
    this.#target = target;
    this.#wake();
  }

  /** What comes from now on arrives so much later; 0: at once. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Nothing passes, on connections of now and on new ones, until `heal`. */
  silence(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#silent.add(direction);
  }

  /** New connections are reset as soon as they come, until `heal`. */
  refuse(): void {
    this.#refuses = true;
  }

  /** What was held back passes, and all is as it was; half-open connections stay dead. */
  heal(): void {
    this.#silent.clear();
    this.#refuses = false;
    this.#delayMs = 0;
    this.#wake();
  }

  /** The connections of now carry nothing any more in these directions; new ones are sound. */
  halfOpen(...directions: readonly Direction[]): void {
    for (const { dead } of this.#connections) for (const each of directions) dead.add(each);
  }

  /** Resets the connections of now on both sides; what is under way is lost. */
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
    // Resets are what this is made for; 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#wake();
    });
  }

  /** Passes bytes on until one side is closed, then that: nobody hears of it where nothing passes. */
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

  /** Resolves when bytes may pass, or when nobody is there to take them. */
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
