// The ports of an environment: their names, upstream's numbers, and the blocks that further ones lease.
import * as z from 'zod';
import type { portName } from '../release/release.ts';

const port = z.number().int().min(1).max(65535);

export const portsSchema = z.strictObject({
  postgres: port,
  redis: port,
  etcd: port,
  etcdPeer: port,
  manager: port,
  webserver: port,
  agentRpc: port,
  agentWatcher: port,
  agentSocket: port,
  storageClient: port,
  storageManager: port,
  managerMonitor: port,
  agentMonitor: port,
  wsproxy: port,
  /** First and last port of the range from which kernels take theirs. */
  kernelFirst: port,
  kernelLast: port,
} satisfies Record<z.infer<typeof portName> | 'kernelFirst' | 'kernelLast', unknown>);

export type Ports = Readonly<z.infer<typeof portsSchema>>;
export type PortName = keyof Ports;

/** Upstream's numbers: install-dev.sh's defaults and, where it sets none, the components' own. */
export const upstreamPorts: Ports = {
  postgres: 8101,
  redis: 8111,
  etcd: 8121,
  etcdPeer: 8122,
  manager: 8091,
  webserver: 8090,
  agentRpc: 6011,
  agentWatcher: 6019,
  agentSocket: 6007,
  storageClient: 6021,
  storageManager: 6022,
  managerMonitor: 50001,
  agentMonitor: 50002,
  wsproxy: 5050,
  kernelFirst: 30000,
  kernelLast: 31000,
};

/** Ports that a leased block holds. */
export const blockSize = 200;

/** The bases that leased blocks may have. */
export const blockBases: readonly number[] = Array.from({ length: 100 }, (_, n) => 10000 + blockSize * n);

/** All ports of the block that begins at `base`. */
export function blockPorts(base: number): Ports {
  return {
    postgres: base,
    redis: base + 1,
    etcd: base + 2,
    etcdPeer: base + 3,
    manager: base + 4,
    webserver: base + 5,
    agentRpc: base + 6,
    agentWatcher: base + 7,
    agentSocket: base + 8,
    storageClient: base + 9,
    storageManager: base + 10,
    managerMonitor: base + 11,
    agentMonitor: base + 12,
    wsproxy: base + 13,
    kernelFirst: base + 20,
    kernelLast: base + blockSize - 1,
  };
}

/** Names of single ports, without the two ends of the kernel range. */
export type SinglePort = Exclude<PortName, 'kernelFirst' | 'kernelLast'>;

/** Single ports by name. */
export function singlePorts(ports: Ports): [name: SinglePort, port: number][] {
  const range = new Set(['kernelFirst', 'kernelLast']);
  return Object.entries(ports).filter(([name]) => !range.has(name)) as [SinglePort, number][];
}

/** The flags by which a person names a single port: install-dev.sh's own seven. */
export const portFlags = {
  postgres: '--postgres-port',
  redis: '--redis-port',
  etcd: '--etcd-port',
  manager: '--manager-port',
  webserver: '--webserver-port',
  agentRpc: '--agent-rpc-port',
  agentWatcher: '--agent-watcher-port',
} as const satisfies Partial<Record<SinglePort, string>>;
