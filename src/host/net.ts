// Who listens on this machine, and whether a port is really free.
import { execFile } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './files.ts';
import { processFacts, processIds, userName, type ProcessFacts } from './proc.ts';

/** Who holds a port, as far as this user may know it: of another user's process only the user is told. */
export type PortHolder = Partial<ProcessFacts>;

/** A socket that waits for connections. */
export interface Listener {
  readonly port: number;
  readonly uid?: number;
  /** The number under which the holder's open files name it. */
  readonly inode?: string;
  readonly pid?: number;
}

/** Every TCP socket that listens on this machine, on any address. */
export async function listeners(): Promise<Listener[]> {
  if (platform() !== 'linux') return parseLsof(await lsof());
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return tables.flatMap(parseTable);
}

/** Who listens on a port; undefined if nobody does. */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const listener = (await listeners()).find((other) => other.port === port);
  if (listener === undefined) return undefined;
  const pid = listener.pid ?? (listener.inode === undefined ? undefined : await ownerOf(listener.inode));
  const facts = pid === undefined ? undefined : await processFacts(pid);
  return facts ?? (listener.uid === undefined ? {} : { user: await userName(listener.uid) });
}

/**
 * True if a server could not get the port on every address of this machine, or would share it unseen. Proven by
 * connecting, as a listener that allows sharing lets others bind, and by binding, as not everything that holds a
 * port answers.
 */
export async function isTaken(port: number): Promise<boolean> {
  const answers = await Promise.all(['127.0.0.1', '::1'].map((address) => answersAt(address, port)));
  if (answers.includes(true)) return true;
  for (const address of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    if (!(await canBind(address, port))) return true;
  }
  return false;
}

/** Lines of `/proc/net/tcp` and `tcp6` as listeners. */
export function parseTable(table: string): Listener[] {
  const listening = '0A';
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening)
    .map((fields) => ({
      port: Number.parseInt(fields[1]?.split(':')[1] ?? '', 16),
      uid: Number(fields[7]),
      inode: fields[9] ?? '',
    }));
}

/** The output of `lsof -F pn` as listeners. */
export function parseLsof(output: string): Listener[] {
  const found: Listener[] = [];
  let pid = 0;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    const port = line.startsWith('n') ? /:(\d+)$/.exec(line)?.[1] : undefined;
    if (port !== undefined) found.push({ port: Number(port), pid });
  }
  return found;
}

function lsof(): Promise<string> {
  return new Promise((resolve) => {
    execFile('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-F', 'pn'], { timeout: 20_000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}

/** The process that has a socket open; undefined if it is another user's. */
async function ownerOf(inode: string): Promise<number | undefined> {
  for (const pid of await processIds()) {
    const folder = `/proc/${pid}/fd`;
    const files = await readdir(folder).catch(() => []);
    const links = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => '')));
    if (links.includes(`socket:[${inode}]`)) return pid;
  }
  return undefined;
}

function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false)); // binding tells
  });
}

/** Binds for a moment. Another bai-dev may be proving the same port just now: only the third refusal counts. */
async function canBind(host: string, port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (attempt > 0) await sleep(50 + Math.random() * 100);
    const error = await bindError(host, port);
    if (!hasCode(error, 'EADDRINUSE')) return true; // no IPv6 here, or a port below 1024: not taken for that
  }
  return false;
}

function bindError(host: string, port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':') }, () => {
      server.close(() => resolve(undefined));
    });
  });
}
