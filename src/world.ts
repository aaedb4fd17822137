// Everything that differs in a test, and nothing else: types only, made once by main.ts.
import type { Event } from './report/events.ts';

/** What is known of the machine and the user when the program starts; plain data, never changes. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** The environment variables as they were at start. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string };
  /** This user together with this state folder, as host/identity.ts hashes them: whatever is made is marked with it. */
  readonly owner: string;
  readonly cpus: number;
  /** Our own folders: absolute, may not exist yet. */
  readonly folders: { readonly state: string; readonly cache: string; readonly config: string };
  /** The folder that holds `templates/` and `fixtures/`. */
  readonly assets: string;
  /** The program's own version. */
  readonly version: string;
}

/** Where events go. Never throws, never blocks the work. */
export interface Reporter {
  emit(event: Event): void;
}

/** Questions to the person at the terminal; `available` is false where nobody can be asked. */
export interface Ask {
  readonly available: boolean;
  text(question: {
    message: string;
    initial?: string;
    check?: (answer: string) => string | true;
  }): Promise<string>;
  choose<T extends string>(question: {
    message: string;
    choices: readonly { value: T; name: string; hint?: string }[];
    initial?: T;
  }): Promise<T>;
  confirm(question: { message: string; initial: boolean }): Promise<boolean>;
  secret(question: { message: string }): Promise<string>;
}

export interface World {
  readonly host: Host;
  readonly report: Reporter;
  readonly ask: Ask;
  /** Aborted on SIGINT, SIGTERM, SIGHUP; its reason is a Failure with the exit status of the signal. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** `n` random bytes as 2n lower-case hexadecimal digits, fit for secrets. */
  readonly random: (n: number) => string;
  /**
   * Variables that every child process carries: BAI_DEV_RUN (this run's random number) and, once known,
   * BAI_DEV_ENVIRONMENT and BAI_DEV_OWNER. By these a later run finds what a killed one left behind.
   */
  readonly marks: Readonly<Record<string, string>>;
}

/** The same world, whose children also carry the ID of the environment they work for, and its owner. */
export function forEnvironment(world: World, id: string): World {
  const { owner } = world.host;
  return { ...world, marks: { ...world.marks, BAI_DEV_ENVIRONMENT: id, BAI_DEV_OWNER: owner } };
}
