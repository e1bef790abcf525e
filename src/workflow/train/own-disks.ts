/**
 * A run of hosts that don't see one disk. The host that leads has the run's folder and the dataset, and gives the others
 * what their workers read: the run's configuration and, where they don't have the same, the dataset. A worker's state
 * comes from rank 0, which is on the host that leads, so nobody else reads a checkpoint.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { writeFetched } from '../../cluster/copy/file-writer.ts';
import type { OfferedFile } from '../../cluster/copy/offer.ts';
import { PieceReader } from '../../cluster/copy/piece-reader.ts';
import type { HostLeader } from '../../cluster/leader.ts';
import type { RunHere } from '../../cluster/own-workers.ts';
import type { RunSource } from '../../cluster/preparation.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import { freeBytesAt } from '../../core/free-space.ts';
import { sha256OfFile } from '../../core/hash.ts';
import { LOCK_FILE } from '../../core/lock-file.ts';
import { readTextSync } from '../../core/read-file.ts';
import { dataKey } from '../../data/format/data-key.ts';
import { CHECKSUM_FILE, MANIFEST_FILE, VERSION_FOLDER } from '../../data/format/file-names.ts';
import { readManifest } from '../../data/format/manifest-schema.ts';
import { openStore } from '../../data/format/open-store.ts';
import { hostAndPort } from '../../protocol/endpoint.ts';
import type { CopiedFile } from '../../protocol/host-messages.ts';
import { openPieceClient } from '../../protocol/piece-channel.ts';
import { type CopyFolder, claimCopyFolder } from '../../run/copy-folder.ts';
import { type RunFolder, readWorkersConfig, runPaths } from '../../run/folder.ts';

type Copy = NonNullable<RunHere['copy']>;

const EXTENSIONS = 'extensions.json';

/** What the hosts are told of what they can fetch, and what gives it to them. */
export interface Offer {
  readonly copy: Copy;
  close(): Promise<void>;
}

/** Gives the other hosts what their workers read, until it is closed. @param run name of this start */
export async function offerRun(
  hosts: Pick<HostLeader, 'offer'>,
  run: string,
  { path, runConfig }: Pick<RunFolder, 'path' | 'runConfig'>,
): Promise<Offer> {
  const { store } = runConfig.data;
  const files = [...(await dataFiles(store)), ...(await definitionFiles(path))];
  const server = await hosts.offer(run, files);
  const named = files.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 }));
  const copy = { port: server.port, dataKey: dataKey(await readManifest(store)), files: named };
  return { copy, close: () => server.close() };
}

async function definitionFiles(folder: string): Promise<OfferedFile[]> {
  const { config, extensions } = runPaths(folder);
  const listed = [['config.yaml', config] as const, [EXTENSIONS, extensions] as const];
  const there = listed.filter(([, path]) => existsSync(path));
  return await Promise.all(
    there.map(async ([name, path]) => ({ name, path, ...(await sha256OfFile(path)) })),
  );
}

/** The hashes of the large ones are in the manifest, which was compared with them when the run began. */
async function dataFiles(store: string): Promise<OfferedFile[]> {
  const { folder, files, checksums } = await readManifest(store);
  const all = { ...files, ...(checksums && { [CHECKSUM_FILE]: checksums }) };
  const within = folder === '.' ? '' : `${folder}/`;
  const listed = Object.entries(all).map(([name, { sizeBytes, sha256 }]) => {
    const path = join(store, folder, name);
    return { name: `data/${within}${name}`, path, sizeBytes, sha256 };
  });
  const manifest = join(store, MANIFEST_FILE);
  const facts = await sha256OfFile(manifest);
  return [...listed, { name: `data/${MANIFEST_FILE}`, path: manifest, ...facts }];
}

/** What this host has for the run, and where it is. */
export interface FetchRequest {
  readonly runFolder: string;
  /** Where its own command says that the dataset is; absent for a resume. */
  readonly ownStore: string | undefined;
  readonly tell: (text: string, isWarning?: boolean) => void;
}

export interface FetchedRun {
  readonly config: RunConfig;
  /** Folder of the dataset on this host. */
  readonly store: string;
}

/**
 * A copy of the run on this host, of which only what is not there is fetched.
 * @throws LockstepError USAGE where this host sees the leader's folder, RUN_EXISTS, RUN_LOCKED
 */
export async function claimCopy(
  { runFolder: there, lock }: RunHere,
  { host }: Pick<RunSource, 'host'>,
  runFolder: string,
): Promise<CopyFolder> {
  const own = resolve(runFolder);
  if (lockOf(own) === lock) {
    throw new LockstepError(
      'USAGE',
      `Cannot fetch the run into "${runFolder}": that is the run's folder itself, on a disk that this host sees.`,
      'Leave --own-disks out on all hosts, or name another folder of this host with --run.',
    );
  }
  return await claimCopyFolder(own, { host, runFolder: there });
}

function lockOf(folder: string): string | undefined {
  const path = join(folder, LOCK_FILE);
  return existsSync(path) ? readTextSync(path) : undefined;
}

/** @throws LockstepError OUT_OF_RESOURCES, USAGE, STORE_CORRUPT, TIMEOUT; the signal's reason */
export async function fetchRun(
  { run, copy }: Pick<RunHere, 'run'> & { readonly copy: Copy },
  from: RunSource,
  folder: CopyFolder,
  { ownStore, tell }: Omit<FetchRequest, 'runFolder'>,
): Promise<FetchedRun> {
  const numbered = copy.files.map((file, number) => ({ ...file, number }));
  const [data, definition] = [numbered.filter(isData), numbered.filter((file) => !isData(file))];
  const at = hostAndPort(from.address, copy.port);
  const connect = (handlers: Parameters<typeof openPieceClient>[3]) =>
    openPieceClient(at, from.secret, run, handlers);
  const reader = new PieceReader(connect, `${from.host} (${at})`, from.signal);
  try {
    // Of an earlier run.
    if (copy.files.every(({ name }) => name !== EXTENSIONS)) {
      rmSync(join(folder.path, EXTENSIONS), { force: true });
    }
    const quietly = { from: { ...from, onFetched: () => {} }, tell: () => {} };
    await fetchMissing(definition, reader, folder, quietly);
    const config = readWorkersConfig(folder.path);
    const named = ownStore ?? config.data.store;
    if (await hasDataset(named, copy.dataKey, tell)) return { config, store: named };
    if (!(await hasDataset(folder.data, copy.dataKey, tell))) {
      await fetchMissing(data, reader, folder, { from, tell });
    }
    return { config, store: folder.data };
  } finally {
    reader.close();
  }
}

const isData = ({ name }: CopiedFile): boolean => name.startsWith('data/');

/** Whether there is a dataset that trains the same, every byte of it as its manifest says. */
async function hasDataset(path: string, key: string, tell: FetchRequest['tell']): Promise<boolean> {
  if (!existsSync(join(path, MANIFEST_FILE))) return false;
  try {
    if (dataKey(await readManifest(path)) !== key) return false;
    await (await openStore(path)).close();
    return true;
  } catch (thrown) {
    tell(`${asLockstepError(thrown).message} It is fetched.`, true);
    return false;
  }
}

type NumberedFile = CopiedFile & { readonly number: number };

async function fetchMissing(
  wanted: readonly NumberedFile[],
  reader: PieceReader,
  folder: CopyFolder,
  { from, tell }: { readonly from: RunSource; readonly tell: FetchRequest['tell'] },
): Promise<void> {
  const missing: NumberedFile[] = [];
  for (const file of wanted) {
    // It is removed before anything of its dataset changes.
    const isGone = file.name === `data/${MANIFEST_FILE}` && missing.length > 0;
    if (isGone || !(await isSame(join(folder.path, file.name), file))) missing.push(file);
  }
  if (missing.length === 0) return;
  const totalBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (missing.some(isData)) forgetDataset(folder.data, wanted, missing);
  requireRoom(folder.path, totalBytes);
  const files = `${missing.length} ${missing.length === 1 ? 'file' : 'files'}`;
  tell(`Fetching ${files}, ${formatBytes(totalBytes)}, from ${from.host} into "${folder.path}".`);
  const progress = new FetchProgress(totalBytes, from, tell);
  for (const file of missing) {
    const path = join(folder.path, file.name);
    mkdirSync(dirname(path), { recursive: true });
    const pieces = reader.read(file.number, file.sizeBytes);
    await writeFetched(path, pieces, file, (bytes) => progress.add(bytes));
  }
  tell(`Fetched ${formatBytes(totalBytes)}.`);
}

async function isSame(path: string, { sizeBytes, sha256 }: CopiedFile): Promise<boolean> {
  try {
    const found = await sha256OfFile(path);
    return found.sizeBytes === sizeBytes && found.sha256 === sha256;
  } catch {
    // Absent, or none that can be read: it is replaced.
    return false;
  }
}

/**
 * Half of one dataset and half of another are none: the manifest goes first and comes back last. What is not of the wanted
 * one gives its room away.
 */
function forgetDataset(
  data: string,
  wanted: readonly CopiedFile[],
  missing: readonly CopiedFile[],
): void {
  const kept = new Set(wanted.filter((file) => !missing.includes(file)).map(({ name }) => name));
  rmSync(join(data, MANIFEST_FILE), { force: true });
  for (const folder of readdirSync(data).filter((name) => VERSION_FOLDER.test(name))) {
    for (const name of readdirSync(join(data, folder))) {
      if (!kept.has(`data/${folder}/${name}`)) rmSync(join(data, folder, name), { force: true });
    }
    if (readdirSync(join(data, folder)).length === 0) rmdirSync(join(data, folder));
  }
}

function requireRoom(path: string, bytes: number): void {
  const free = freeBytesAt(path);
  if (free === undefined || bytes <= free) return;
  throw new LockstepError(
    'OUT_OF_RESOURCES',
    `Cannot fetch the run into "${path}": it takes ${formatBytes(bytes)}, and ${formatBytes(free)} are free there.`,
    'Free space there, or choose a folder on another file system with --run.',
  );
}

/** How much has come: the leader hears it, and people now and then. */
class FetchProgress {
  readonly #totalBytes: number;
  readonly #from: RunSource;
  readonly #tell: FetchRequest['tell'];
  #doneBytes = 0;
  #toldMs = performance.now();

  constructor(totalBytes: number, from: RunSource, tell: FetchRequest['tell']) {
    this.#totalBytes = totalBytes;
    this.#from = from;
    this.#tell = tell;
    this.add(0);
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    this.#from.onFetched(this.#doneBytes, this.#totalBytes);
    if (performance.now() - this.#toldMs < TELL_MS) return;
    this.#toldMs = performance.now();
    this.#tell(`Fetched ${formatBytes(this.#doneBytes)} of ${formatBytes(this.#totalBytes)}.`);
  }
}

const TELL_MS = 15_000;
