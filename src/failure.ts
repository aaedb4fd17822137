// What a user or a machine can get wrong: the table of codes, and the error that carries one.

/** What a code stands for. `retryable`: the same command may succeed later with nothing changed by the user. */
export interface FailureMeaning {
  readonly exit: number;
  readonly retryable: boolean;
  readonly about: string;
}

/** Every failure a user can meet. A code is a stable contract; its sentence is not. */
export const failureMeanings = {
  'BAI-INTERNAL': meaning(1, 'A mistake of bai-dev itself.'),
  'BAI-CATALOGUE': meaning(1, 'A file of the release catalogue cannot be used.'),
  'BAI-USAGE': meaning(2, 'The command line does not say something bai-dev understands.'),
  'BAI-CONFIG': meaning(2, 'A variable or the config file holds a value that cannot be used.'),
  'BAI-RELEASE-UNKNOWN': meaning(2, 'The catalogue has no such release.'),
  'BAI-QUESTION': meaning(2, 'An answer is needed and there is no terminal to ask on.'),
  'BAI-DECLINED': meaning(2, 'The question was answered with no.'),
  'BAI-PRECHECK': meaning(3, 'This machine cannot hold the environment yet.'),
  'BAI-ENVIRONMENT-ABSENT': meaning(4, 'There is no environment of that ID.'),
  'BAI-SNAPSHOT-ABSENT': meaning(4, 'There is no such snapshot.'),
  'BAI-CONFLICT-SPEC': meaning(5, 'An environment of that ID exists and was made differently.'),
  'BAI-CONFLICT-OWNER': meaning(5, 'Something of that name exists and was not made by bai-dev.'),
  'BAI-CONFLICT-DATA': meaning(
    5,
    'The database or etcd holds data that bai-dev did not put there, and they are not overwritten.',
  ),
  'BAI-CONFLICT-PHASE': meaning(5, 'The environment is not in a state that allows this.'),
  'BAI-LOCKED': meaning(5, 'Another bai-dev works on this environment.', true),
  'BAI-OCCUPIED': meaning(5, 'Something that a server needs is in the hands of another.'),
  'BAI-GIT-WORK': meaning(5, 'A working copy holds work that exists nowhere else.'),
  'BAI-USER-FILES': meaning(5, 'Virtual folders hold files that would be lost.'),
  'BAI-COMMAND': meaning(6, 'A command that a step needs did not succeed.'),
  'BAI-FILESYSTEM': meaning(6, 'A file or folder could not be read, written or removed.'),
  'BAI-PYTHON-RESOLVE': meaning(6, 'The packages of a component could not be resolved.'),
  'BAI-PYTHON-INSTALL': meaning(6, 'The packages of a component could not be installed.'),
  'BAI-DATABASE': meaning(6, 'The database could not be filled as the release needs it.'),
  'BAI-ETCD': meaning(6, 'The keys in etcd could not be written as the release needs them.'),
  'BAI-LEFTOVERS': meaning(6, 'Something of the environment could not be removed.', true),
  'BAI-UNSAVED': meaning(6, 'Data or files could not be saved before their removal.', true),
  'BAI-ENGINE': meaning(7, 'The engine that runs the halfstack does not do its work.', true),
  'BAI-UNHEALTHY': meaning(7, 'A service did not get healthy in time.', true),
  'BAI-SWITCH': meaning(7, 'The environment that was switched to did not get well.', true),
  'BAI-NETWORK': meaning(8, 'An address could not be reached.', true),
  'BAI-SOURCE-REPOSITORY': meaning(
    8,
    'An address is not that of a whole git repository with something in it.',
  ),
  'BAI-SOURCE-ACCESS': meaning(8, 'A repository lets nobody in without credentials that git knows.'),
  'BAI-SOURCE-REF': meaning(8, 'A repository has no such branch, tag or commit.'),
  'BAI-SOURCE-TRANSFER': meaning(8, 'A repository broke off or fell silent while it was copied.', true),
  'BAI-INDEX': meaning(8, 'The package index does not serve what is needed.', true),
  'BAI-IMAGE': meaning(8, 'A container image could not be pulled.', true),
  'BAI-HASH': meaning(8, 'A download is not the file it should be.', true),
  'BAI-RECORD-UNREADABLE': meaning(9, 'The record of the environment cannot be read.'),
  'BAI-RECORD-NEWER': meaning(9, 'The record was written by a newer bai-dev.'),
  'BAI-SNAPSHOT': meaning(9, 'A snapshot is not as it was when it was made.'),
  'BAI-INTERRUPTED': meaning(130, 'The command was interrupted.', true),
} as const satisfies Record<string, FailureMeaning>;

export type FailureCode = keyof typeof failureMeanings;

/**
 * Something to do next: what for, and the command or words that do it. A command of the name that was typed is
 * completed with the options that were typed before it is shown (cli/again.ts).
 */
export interface NextCommand {
  readonly purpose: string;
  readonly command: string;
  /** `how`: what the record holds need not be repeated, only options such as `--start` and `--json` are kept. */
  readonly keeps?: 'all' | 'how';
  /** Options that must not be kept, without dashes. */
  readonly without?: readonly string[];
}

export interface FailureMore {
  readonly next?: readonly NextCommand[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** The failed command's own last lines, already free of secrets. */
  readonly lines?: readonly string[];
  /** The step that met it, and the log that tells more. */
  readonly step?: { readonly id: string; readonly title: string; readonly group: string };
  readonly log?: string;
  /** Overrides the code's exit status; only signals need it (129, 130, 143). */
  readonly exit?: number;
}

/** An error that a user can meet and act upon; anything else that is thrown is our own mistake. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly more: FailureMore;

  /** `reason` is one or more full sentences: what happened and why. */
  constructor(code: FailureCode, reason: string, more: FailureMore = {}) {
    super(reason, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.more = more;
  }

  /** The exit status of the whole program when this failure ends it. */
  get exit(): number {
    return this.more.exit ?? failureMeanings[this.code].exit;
  }
}

function meaning(exit: number, about: string, retryable = false): FailureMeaning {
  return { exit, retryable, about };
}
