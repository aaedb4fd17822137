// What the program is given by its process; a test gives it something else.

export interface Input {
  /** What was typed after the program's name. */
  readonly argv: readonly string[];
  /** The script that Node runs, as it was called; absent where there is none. */
  readonly program?: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** Node's own version. */
  readonly node: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string };
  readonly cpus: number;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted with the name of a signal, or with an error that nothing caught. */
  readonly ended: AbortSignal;
  /** The folder that holds `package.json`, `templates/` and `fixtures/`. */
  readonly assets: string;
  readonly version: string;
  /** Where mistakes of the program are told. */
  readonly reportAt?: string;
  /** Has every signal from now on given to `listen`, instead of aborting `ended`. */
  handOver(listen: (signal: NodeJS.Signals) => void): void;
  /** Makes libraries that look at the process's own variables print no colours. */
  forbidColor(): void;
}
