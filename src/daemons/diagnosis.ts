// Why a daemon did not get ready: what it wrote, who is in its way, and the causes that are known.
import type { NextCommand } from '../failure.ts';
import { quoted } from '../quoted.ts';
import { isComplaint } from './log.ts';

/** What is known of a daemon that did not get ready. */
export interface Evidence {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  /** The last lines of its log, without colours. */
  readonly lines: readonly string[];
  /** Where its settings say that PostgreSQL, Redis and etcd are. */
  readonly services: Readonly<Record<'postgres' | 'redis' | 'etcd', number>>;
}

export interface Diagnosis {
  /** One sentence. */
  readonly reason: string;
  readonly next: readonly NextCommand[];
}

/**
 * The cause, if the log names one that is known. Only what the daemon failed with counts: the last error with its
 * traceback, and what comes after it. Of several the last wins.
 */
export function diagnose(evidence: Evidence): Diagnosis | undefined {
  const text = lastFailure(evidence.lines).join('\n');
  const found = causes.flatMap(({ sign, tell }) => {
    const match = [...text.matchAll(new RegExp(sign, 'gm'))].at(-1);
    return match === undefined ? [] : [{ at: match.index, tell: () => tell(evidence, match) }];
  });
  return found.sort((a, b) => b.at - a.at)[0]?.tell();
}

/** From the traceback of the last error on; everything where there is no error. */
function lastFailure(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex(isComplaint);
  if (last === -1) return lines;
  let from = last;
  // the lines of a traceback are indented; one that led to another is separated by such a sentence
  const belongs = /^\s|^$|^Traceback |^(During handling|The above exception)/;
  while (from > 0 && (belongs.test(lines[from - 1] ?? '') || isFollowed(lines, from))) from -= 1;
  return lines.slice(from);
}

/** True if the error above was the reason of this one. */
const isFollowed = (lines: readonly string[], at: number): boolean =>
  isComplaint(lines[at - 1] ?? '') &&
  lines.slice(at, at + 3).some((line) => /^(During handling|The above exception)/.test(line));

interface Cause {
  readonly sign: RegExp;
  readonly tell: (evidence: Evidence, match: RegExpExecArray) => Diagnosis;
}

const repair = ({ id }: Evidence): NextCommand => ({
  purpose: 'make again what is missing',
  command: `bai-dev install -e ${id}`,
});

const restart = ({ id, name }: Evidence): NextCommand => ({
  purpose: 'then',
  command: `bai-dev start ${id} --only ${name}`,
});

const pythonPackage = (evidence: Evidence, reason: string): Diagnosis => ({
  reason: `${reason} The virtualenv is not as bai-dev made it.`,
  next: [
    {
      purpose: 'see what is installed there',
      command: `bai-dev exec ${evidence.id} ${evidence.name} -- python -m pip list`,
    },
  ],
});

const causes: readonly Cause[] = [
  {
    // facts 15.1 W1
    sign: /Missing valid docker_host/,
    tell: (evidence) => ({
      reason: `${evidence.name} makes a Docker client when it starts, and found no address for one.`,
      next: [
        {
          purpose: 'give it one, whether it exists or not',
          command: 'export DOCKER_HOST=unix:///run/docker.sock',
        },
        restart(evidence),
      ],
    }),
  },
  {
    // facts 13.8
    sign: /Cannot connect to Docker Engine via (\S+?)[\s'"\])]/,
    tell: (_evidence, [, address]) => ({
      reason: `The Docker engine at ${address ?? 'its address'} does not answer, and the agent cannot run without one.`,
      next: [{ purpose: 'look at it', command: 'docker info' }],
    }),
  },
  {
    // facts 13.10 T5
    sign: /num-proc['"]?: ['"]value is greater than (\d+)/,
    tell: (evidence, [, most]) => ({
      reason: `num-proc is higher than the ${most ?? ''} processors of this machine.`,
      next: [
        { purpose: 'set num-proc to 1 in', command: `${evidence.folder}/${evidence.name}.toml` },
        restart(evidence),
      ],
    }),
  },
  {
    // facts 12.4, 13.10 T11
    sign: /invalid literal for int\(\) with base 10: ['"]\d+ \(/,
    tell: (evidence) => ({
      reason:
        "PostgreSQL's version holds more than numbers, as Debian's builds have it, and this release cannot read that.",
      next: [repair(evidence)],
    }),
  },
  {
    // facts 12.4, 14.5 trap 7
    sign: /value is not a dict|'docker': DataError\('is required'\)/,
    tell: (evidence) => ({
      reason:
        'The keys of the image registry (config/docker/registry) are missing in etcd, or not all there.',
      next: [repair(evidence)],
    }),
  },
  {
    // facts 13.10 T3
    sign: /getpwuid\(\): uid not found: (\d+)/,
    tell: (evidence, [, uid]) => ({
      reason: `Files of ${evidence.name} belong to user ${uid ?? ''}, who does not exist on this machine.`,
      next: [
        {
          purpose: 'make them yours',
          command: `chown -R "$(id -u):$(id -g)" ${quoted(evidence.folder)}`,
        },
        restart(evidence),
      ],
    }),
  },
  {
    // facts 13.10 T9
    // a configuration that is merely printed has the same keys
    sign: /(?:has failed|ConfigurationError|DataError)[^]{0,300}?'ssl-(?:cert|privkey)'/,
    tell: (evidence) => ({ reason: 'The files of its TLS key pair are missing.', next: [repair(evidence)] }),
  },
  {
    // facts 15.1 W2
    sign: /assert static_path\.is_dir\(\)|No such file or directory: .*static\/index\.html/,
    tell: (evidence) => ({
      reason: 'The files of the web UI (static) are missing in its source tree.',
      next: [repair(evidence)],
    }),
  },
  {
    // facts 13.10 T1, T7, T8
    sign: /No module named ['"](?<missing>[\w.]+)['"]|cannot import name '(?<name>\w+)'/,
    tell: (evidence, { groups }) =>
      pythonPackage(
        evidence,
        groups?.['missing'] === undefined
          ? `A Python package of ${evidence.name} does not have ${groups?.['name'] ?? ''}.`
          : `The Python module ${groups['missing']} is missing.`,
      ),
  },
  {
    // facts 13.10 T8
    sign: /Descriptors cannot not be created directly/,
    tell: (evidence) => pythonPackage(evidence, 'The Python package protobuf is too new.'),
  },
  {
    sign: /(?:(?:127\.0\.0\.1|0\.0\.0\.0|localhost)\D{1,5}(\d+).*)?[Aa]ddress already in use/,
    tell: (_evidence, [, port]) => ({
      reason: `${port === undefined ? 'One of its ports' : `Port ${port}`} is held by another process.`,
      next: [{ purpose: 'see by whom', command: 'ss -ltnp' }],
    }),
  },
  {
    // facts 15.1 W4
    sign: /Connect call failed \('[\d.]+', (\d+)\)/,
    tell: (evidence, [, port]) => {
      const service = Object.entries(evidence.services).find(([, at]) => at === Number(port))?.[0];
      const what = service ?? 'A server that its settings name';
      return {
        reason: `${what} does not answer on port ${port ?? ''}.`,
        next: [{ purpose: 'see what runs', command: `bai-dev status ${evidence.id}` }],
      };
    },
  },
  {
    sign: /ConnectionRefusedError/,
    tell: (evidence) => ({
      reason: 'A server that its settings name does not answer there.',
      next: [{ purpose: 'see what runs', command: `bai-dev status ${evidence.id}` }],
    }),
  },
  {
    sign: /password authentication failed for user/,
    tell: (evidence) => ({
      reason: "PostgreSQL does not accept the password in the manager's settings.",
      next: [repair(evidence)],
    }),
  },
  {
    // the folder of the sockets, and the lock of the storage-proxy's module for XFS
    sign: /Permission(?:Error: \[Errno 13\]|\s?denied).*((\/tmp\/backend\.?ai[\w-]*)[\w./-]*)/,
    tell: (evidence, [, path = '', root = '']) => ({
      reason: `${path} belongs to another user, and all daemons of a machine share it.`,
      next: [
        { purpose: 'see whose it is', command: `ls -ld ${root}` },
        { purpose: 'once no daemon of theirs runs', command: `sudo rm -r ${root}` },
        restart(evidence),
      ],
    }),
  },
  {
    sign: /Cannot use cgroup statistics collection mode unless the agent runs as root/,
    tell: (evidence) => ({
      reason: 'Only root may read statistics from cgroups.',
      next: [
        { purpose: 'set stats-type to "docker" in', command: `${evidence.folder}/agent.toml` },
        restart(evidence),
      ],
    }),
  },
  {
    // facts 14.5 trap 9
    sign: /watching etcd to wait for the manager being available/,
    tell: (evidence) => ({
      reason: `${evidence.name} waits for the manager, which does not run.`,
      next: [
        { purpose: 'start both', command: `bai-dev start ${evidence.id} --only manager ${evidence.name}` },
      ],
    }),
  },
];
