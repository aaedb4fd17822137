// What a halfstack is and what an engine promises: the contract that the docker engine keeps and others will.
import type { LinesWanted } from '../host/tail.ts';
import type { StepControl } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';

export type ServiceRole = 'postgres' | 'redis' | 'etcd';

/** One server of the halfstack, described so that any engine can run it. */
export interface Service {
  readonly role: ServiceRole;
  /** Upstream's name of the service. */
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly port: { readonly inside: number; readonly outside: number };
  readonly volume?: { readonly name: string; readonly target: string };
  /** Times in seconds. */
  readonly health: {
    readonly test: readonly string[];
    readonly interval: number;
    readonly timeout: number;
    readonly retries: number;
  };
  readonly restart: string;
  /** To pull when the image is not there; only for the plan. */
  readonly bytes: number;
}

/** PostgreSQL, Redis and etcd of one environment: plain data, computed from spec and secrets. */
export interface Stack {
  /** The environment's ID, which is also compose's project name. */
  readonly project: string;
  readonly network: string;
  readonly services: readonly Service[];
  readonly composeFile: string;
  readonly installPath: string;
  /** By which the servers are asked from outside whether they answer. */
  readonly endpoints: Endpoints;
}

/** Where the servers answer, with what is needed to log in. */
export interface Endpoints {
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
  readonly redis: { readonly host: string; readonly port: number; readonly password?: string };
  readonly etcd: { readonly url: string };
}

export interface ServiceStatus {
  readonly role: ServiceRole;
  readonly name: string;
  readonly state: 'absent' | 'stopped' | 'starting' | 'healthy' | 'unhealthy' | 'foreign';
  /** ISO 8601 of the last start. */
  readonly since?: string;
  /** Its process, where the engine is this machine itself. */
  readonly pid?: number;
  /** A few words on why it is not well, or on what one should know of it. */
  readonly reason?: string;
}

export interface HalfstackEngine {
  readonly name: 'docker' | 'native';
  /** Images or binaries are there afterwards. */
  prepare(stack: Stack, control: StepControl): Promise<void>;
  prepared(stack: Stack): Promise<boolean>;
  /** What `prepare` brings, by name, and its bytes; only for the plan. */
  downloads(stack: Stack): { readonly names: readonly string[]; readonly bytes: number };
  /** Everything that `up` makes, in that order: removed the other way round, nothing of the stack is left. */
  resources(stack: Stack): readonly Resource[];
  /** Everything runs and answers afterwards, by its own protocol from outside; twice is once. */
  up(stack: Stack, control: StepControl): Promise<void>;
  /** Where data were made once and are gone, in a few words each: `volume dev2109_db (postgres)`. Read-only. */
  lost(stack: Stack): Promise<readonly string[]>;
  /** Keeps containers and data. */
  stop(stack: Stack): Promise<void>;
  /** What a server wrote, oldest line first, and with `follow` what it writes from now on. */
  logs(stack: Stack, role: ServiceRole, wanted: LinesWanted): AsyncIterable<string>;
  /** Only looks. */
  status(stack: Stack): Promise<readonly ServiceStatus[]>;
  /** Its data, to be copied and exchanged while the stack is stopped. */
  stores(stack: Stack): Stores;
}

/** The data of all servers at rest, as files: none of them runs. */
export interface Stores {
  /** Bytes that the data of all occupies, as far as it can be known at little cost; else 0. Servers may run. */
  bytes(): Promise<number>;
  /** Copies the data of each into an existing folder; gives those of which there is none. */
  save(into: string): Promise<readonly ServiceRole[]>;
  /** Brings what was saved beside the data, where no server sees it. */
  stage(from: string): Promise<void>;
  /** Puts all that is staged in place of the data; goes on where it was cut off, and twice is once. */
  swap(): Promise<void>;
  /** Removes what is staged. */
  unstage(): Promise<void>;
}
