/**
 * Where the workers of this host reach the coordinator, wherever it is: their connections are passed on byte by byte, and
 * stay encrypted from end to end. When another host takes the coordinator over they are cut, and lead there when the
 * workers connect again.
 */
import net from 'node:net';
import { systemErrorCode } from '../core/system-error.ts';
import { hostAndPort, splitHostAndPort } from '../protocol/endpoint.ts';

interface Target {
  readonly host: string;
  readonly port: number;
}

/** A coordinator that does not answer so soon is perhaps behind a firewall. */
const CONNECT_MS = 10_000;

export class CoordinatorRelay {
  readonly #server: net.Server;
  readonly #tell: (text: string) => void;
  readonly #sockets = new Set<net.Socket>();
  #target: Target | null = null;
  /** Whether the target was reached, or it was told that it was not. */
  #isKnown = false;

  private constructor(server: net.Server, tell: (text: string) => void) {
    this.#server = server;
    this.#tell = tell;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  /** @param tell hears of a coordinator that can't be reached from here */
  static async open(tell: (text: string) => void): Promise<CoordinatorRelay> {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new CoordinatorRelay(server, tell);
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
    this.#isKnown = false;
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
    const target = this.#target;
    const far = net.connect({ ...target });
    this.#watch(far, target);
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

  /** Without the first connection nothing begins, and nobody else can say why. */
  #watch(far: net.Socket, target: Target): void {
    const told = (why: string): void => {
      if (this.#isKnown || target !== this.#target) return;
      this.#isKnown = true;
      const at = hostAndPort(target.host, target.port);
      this.#tell(
        `This host can't reach the coordinator at ${at}: ${why}. Let all hosts reach each other by TCP on any port.`,
      );
    };
    const timer = setTimeout(() => told(`no answer within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    far.once('connect', () => {
      if (target === this.#target) this.#isKnown = true;
      clearTimeout(timer);
    });
    far.once('error', (thrown) => told(systemErrorCode(thrown) ?? thrown.message));
    far.once('close', () => clearTimeout(timer));
  }
}
