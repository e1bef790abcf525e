/**
 * Where the workers of this host reach the coordinator, wherever it is: their connections are passed on byte by byte, and
 * stay encrypted from end to end. When another host takes the coordinator over they are cut, and lead there when the
 * workers connect again.
 */
import net from 'node:net';
import { splitHostAndPort } from '../protocol/endpoint.ts';

export class CoordinatorRelay {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #target: { readonly host: string; readonly port: number } | null = null;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  static async open(): Promise<CoordinatorRelay> {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new CoordinatorRelay(server);
  }

  /** What workers connect to. */
  get endpoint(): string {
    const { port } = this.#server.address() as net.AddressInfo;
    return `tcp://127.0.0.1:${port}`;
  }

  /** @param endpoint of the coordinator, such as `tcp://10.0.0.1:4711` */
  pointAt(endpoint: string): void {
    const target = splitHostAndPort(endpoint);
    if (this.#target?.host === target.host && this.#target.port === target.port) return;
    this.#target = target;
    this.#cut();
  }

  close(): void {
    this.#server.close();
    this.#cut();
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #onConnection(near: net.Socket): void {
    if (this.#target === null) {
      near.destroy();
      return;
    }
    const far = net.connect({ ...this.#target });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // Either end may go at any time; the worker connects again.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
