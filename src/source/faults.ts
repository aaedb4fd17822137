// What the words mean with which git, ssh or a server tell that a repository cannot be had.
import { Failure, type FailureCode, type NextCommand } from '../failure.ts';
import type { Host } from '../world.ts';
import { hostOf, pastedAddress, shownAddress } from './address.ts';

/** How it is told; `{shown}`, `{host}` and `{line}` stand for the address, whom it leads to, and git's own words. */
interface Meaning {
  readonly words: RegExp;
  readonly code: FailureCode;
  readonly reason: string;
  readonly next?: readonly NextCommand[];
}

/** In a terminal git and ssh ask what they want to know, and say what they do not like. */
const byHand = (purpose: string): NextCommand => ({ purpose, command: 'git ls-remote {pasted}' });

/** The first that fits. */
const meanings: readonly Meaning[] = [
  {
    words: /no space left on device|disk quota exceeded/i,
    code: 'BAI-FILESYSTEM',
    reason: 'The disk is full.',
  },
  {
    words: /dubious ownership|unsafe repository/i,
    code: 'BAI-SOURCE-ACCESS',
    reason: '{shown} belongs to another user, and git reads it only where safe.directory allows it.',
  },
  {
    words: /\bssh: (command )?not found|cannot run \S*ssh\b/i,
    code: 'BAI-SOURCE-ACCESS',
    reason: 'git asks {host} by ssh, and there is no ssh here.',
    next: [{ purpose: 'install it', command: '{ssh}' }],
  },
  {
    words: /host identification has changed/i,
    code: 'BAI-SOURCE-ACCESS',
    reason: '{host} shows another key than the one that ssh knows it by.',
    next: [byHand('read what ssh says of it')],
  },
  {
    words: /host key verification failed|host key is known for/i,
    code: 'BAI-SOURCE-ACCESS',
    reason: 'ssh does not know the key that {host} shows, and asks nobody here.',
    next: [byHand('look at the key and accept it')],
  },
  {
    words: /permission denied \([a-z,-]+\)|too many authentication failures/i,
    code: 'BAI-SOURCE-ACCESS',
    reason: '{host} takes none of the keys that ssh can use without a question.',
    next: [{ purpose: 'unlock yours', command: 'ssh-add' }, byHand('see whether it is taken')],
  },
  {
    words:
      /authentication failed|could not read (username|password)|terminal prompts disabled|returned error: 40[137]|permission denied|access denied|don't have permission/i,
    code: 'BAI-SOURCE-ACCESS',
    reason:
      '{shown} lets nobody in without a login that git knows. Some servers answer so for what is not there.',
    next: [byHand('see whether git gets in')],
  },
  {
    words: /connect to host \S+ port \d+/i,
    code: 'BAI-NETWORK',
    reason: '{host} could not be reached: {line}.',
  },
  {
    words: /operation too slow|less than \d+ bytes\/sec|operation timed out|^timeout, server/im,
    code: 'BAI-SOURCE-TRANSFER',
    reason: '{shown} fell silent in the middle of a transfer.',
  },
  {
    words: /repository corruption on the remote|^remote: fatal: (unable to read|bad object)/im,
    code: 'BAI-SOURCE-REPOSITORY',
    reason: '{shown} is damaged: it lacks something that its own commits are made of.',
  },
  {
    words: /rpc failed|transfer closed|early eof|unexpected disconnect/i,
    code: 'BAI-SOURCE-TRANSFER',
    reason: '{shown} broke off in the middle of a transfer.',
  },
  {
    words: /couldn't find remote ref|remote branch .* not found|not our ref|unadvertised object/i,
    code: 'BAI-SOURCE-REF',
    reason: '{shown} does not have what was asked for.',
  },
  {
    words: /redirects? followed|unable to update url base/i,
    code: 'BAI-SOURCE-REPOSITORY',
    reason: '{shown} only leads elsewhere.',
  },
  {
    words: /not valid: is this a git repository|invalid server response|protocol error|bad line length/i,
    code: 'BAI-SOURCE-REPOSITORY',
    reason: '{shown} is no git repository: it answers with something else, such as a page to log in.',
  },
  {
    words:
      /repository .* not found|repository not found|does not (appear to be a git repository|exist)|not a git repository|returned error: 404/i,
    code: 'BAI-SOURCE-REPOSITORY',
    reason: 'There is no git repository at {shown}.',
  },
  {
    words:
      /could not resolve|couldn't connect|failed to connect|connection (timed out|refused|reset)|no route to host|network is unreachable|ssl|tls|certificate|proxy/i,
    code: 'BAI-NETWORK',
    reason: '{host} could not be reached: {line}.',
  },
  {
    words:
      /hung up|fetch-pack|index-pack|promisor remote|returned error: (408|429|5\d\d)|could not read from remote|smart http/i,
    code: 'BAI-SOURCE-TRANSFER',
    reason: '{shown} broke off in the middle of a transfer.',
  },
];

/** The failure of a git that talked to `address` for at most `limit` seconds, as far as its words can be understood. */
export function faultOf(
  error: Failure,
  { address, limit, host }: { readonly address: string; readonly limit: number; readonly host: Host },
): Failure {
  const { lines = [], facts = {} } = error.more;
  const shown = shownAddress(address);
  const told = { facts: { address: shown, argv: facts['argv'] }, lines, cause: error };
  if (/did not end within/.test(error.message)) {
    return new Failure('BAI-NETWORK', `${hostOf(address)} did not answer within ${limit} s.`, told);
  }
  const text = lines.join('\n');
  const found = meanings.find(({ words }) => words.test(text));
  if (found === undefined) return error;
  const { words, code, reason, next = [] } = found;
  const line = (lines.find((each) => words.test(each)) ?? '')
    .replace(/^(fatal|error|ssh): /, '')
    .replace(/^unable to access '[^']*': /, '')
    .replace(/\.?\s*$/, '');
  const holes: Readonly<Record<string, string>> = {
    shown,
    pasted: pastedAddress(address),
    host: hostOf(address),
    line,
    ssh: host.platform === 'darwin' ? 'brew install openssh' : 'sudo apt-get install openssh-client',
  };
  const filled = (sentence: string): string =>
    sentence.replace(/\{(\w+)\}/g, (hole, name: string) => holes[name] ?? hole);
  const commands = next.map(({ purpose, command }) => ({ purpose, command: filled(command) }));
  return new Failure(code, filled(reason), { ...told, next: commands });
}
