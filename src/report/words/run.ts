// What is said of servers that run, were started or stopped: one row each.
import type { Description } from '../../operations/describe.ts';
import type { ResetResult } from '../../operations/reset.ts';
import type { StartResult } from '../../operations/start.ts';
import type { StatusResult, StatusRow } from '../../operations/status.ts';
import type { StopResult } from '../../operations/stop.ts';
import { apart, cut, fitted, table } from '../layout.ts';
import { quoted } from '../../quoted.ts';
import { bytes, duration, tilde, type Look, type Tone } from '../style.ts';
import { savedLines } from './snapshot.ts';

/** After a start: what runs now, where, and what was left out. */
export function startScreen(result: StartResult, look: Look): string[] {
  const { paint, marks } = look;
  const { id, daemons, tmux, account } = result;
  const started = daemons.some(({ outcome }) => outcome === 'started') || result.halfstack === 'started';
  const head = paint('strong', `${id} runs.`);
  const took = paint('faint', started ? `in ${duration(result.seconds)}` : 'nothing had to be started');
  const rows = daemons.map(({ name, outcome, address, reason }) =>
    outcome === 'skipped'
      ? [paint('know', marks.know), name, reason ?? '']
      : [paint('good', marks.done), name, address],
  );
  const web = daemons.some(({ address, outcome }) => address === result.webUrl && outcome !== 'skipped');
  return [
    apart(head, took, Math.min(look.width, 80)) ?? head,
    '',
    ...indented(table(rows)),
    ...(rows.length > 0 ? [''] : []),
    ...indented(
      table([
        ...(web
          ? [
              ['Web UI', result.webUrl],
              ['Log in as', `${account.email} ${marks.dot} ${account.password}`],
            ]
          : []),
        ...(tmux && daemons.length > 0 ? [['Windows', `tmux attach -t ${id}`]] : []),
        ['Look', `bai-dev status ${id}`],
        ...(rows.length > 0 ? [['Read', `bai-dev logs ${id} -f`]] : []),
        ['Stop', `bai-dev stop ${id}`],
      ]),
    ),
  ];
}

/** After a reset: what runs again, or how it is started, and where the former data is. */
export function resetScreen({ id, stopped, saved, seconds }: ResetResult, look: Look): string[] {
  const head = look.paint('strong', `${id} was reset.`);
  const took = look.paint('faint', `in ${duration(seconds)}`);
  const daemons = stopped.length === 0 ? 'Start the daemons' : 'Started again';
  return [
    apart(head, took, Math.min(look.width, 80)) ?? head,
    '',
    ...indented(table([[daemons, stopped.length === 0 ? `bai-dev start ${id}` : stopped.join(', ')]])),
    ...savedLines(saved, look),
  ];
}

/** After a stop: what ran before. */
export function stopScreen({ id, daemons, halfstack, seconds }: StopResult, look: Look): string[] {
  const what = [...daemons, ...(halfstack === 'stopped' ? ['halfstack'] : [])];
  const head = look.paint(
    'strong',
    what.length === 0 ? `Nothing of it ran in ${id}.` : `Stopped in ${id}: ${what.join(', ')}.`,
  );
  return [apart(head, look.paint('faint', `in ${duration(seconds)}`), Math.min(look.width, 80)) ?? head];
}

/** One row a server; a healthy environment fits 24 lines. */
export function statusScreen(result: StatusResult, look: Look): string[] {
  const { paint, marks, home, width } = look;
  const { id, title, engine, installPath, busy, phase } = result;
  const head = paint('strong', `${id} ${marks.dot} ${title} ${marks.dot} ${engine}`);
  const rows = result.rows.map((row) => {
    const { mark, tone } = markOf(row, look);
    return [
      paint(tone, mark),
      row.name,
      row.state,
      row.state === 'not built' ? '' : (row.address ?? ''),
      row.pid === undefined ? '' : String(row.pid),
      row.since === undefined ? '' : age(row.since, result.at),
    ];
  });
  const titles = ['', 'NAME', 'STATE', 'ADDRESS', 'PID', 'FOR'].map((each) => paint('faint', each));
  const [heading = '', ...lines] = table([titles, ...rows]);
  const told = (text: string): string => cut(text, width - 1, marks.cut);
  return [
    apart(head, paint('faint', tilde(installPath, home)), Math.min(width, 100)) ?? head,
    ...(phase === 'ready' ? [] : [paint('know', `  It is not ready (${phase}).`)]),
    ...(busy === undefined ? [] : [paint('know', `  bai-dev ${busy} works on it right now.`)]),
    '',
    ...indented([heading]),
    ...result.rows.flatMap((row, at) => [
      ...indented([lines[at] ?? '']),
      ...(row.slots === undefined ? [] : [paint('faint', told(`       ${slotWords(row.slots)}`))]),
      ...(row.detail === undefined ? [] : [told(`       ${row.detail}`)]),
      ...(row.error === undefined ? [] : [paint('faint', told(`       last complaint: ${row.error}`))]),
    ]),
    ...advice(result, look),
  ];
}

function advice({ id, missing = [], healthy, phase }: StatusResult, { paint }: Look): string[] {
  if (missing.length > 0) {
    return [
      '',
      ...missing.map((part) => paint('know', `  Missing: ${part}`)),
      `  Make that again with   bai-dev install -e ${id}`,
    ];
  }
  return healthy || phase !== 'ready' ? [] : ['', `  Start what is missing with   bai-dev start ${id}`];
}

/** Everything that can be connected to, logged into or looked at. */
export function descriptionScreen(described: Description, look: Look): string[] {
  const { paint, home, width } = look;
  const title = (text: string): string[] => ['', paint('strong', text)];
  const { id, release, engine, python, endpoints, accounts, components, folders } = described;
  const short = (path: string): string => tilde(path, home);
  return [
    paint('strong', `${id} · ${described.title}`),
    ...indented(
      table([
        ['State', described.phase],
        ['Release', release],
        ['Engine', engine],
        ['Python', `${python.version}  ${short(python.path)}`],
        ['Made', when(described.createdAt)],
      ]),
    ),
    ...title('Addresses'),
    ...indented(fitted(Object.entries(endpoints), { width: width - 3, first: 1 })),
    ...title('Web UI from another machine'),
    ...indented([described.tunnel.map(quoted).join(' '), `then open ${endpoints['webserver'] ?? ''} there`]),
    ...title("Accounts, upstream's public examples"),
    ...indented(
      fitted(
        accounts.map((one) => [one.email, one.password, one.role, one.accessKey, one.secretKey]),
        { width: width - 3, first: 3 },
      ),
    ),
    ...title('Components'),
    ...indented(
      fitted(
        components.map(({ name, version, folder, virtualenv }) => [
          name,
          version,
          short(folder),
          short(virtualenv),
        ]),
        { width: width - 3, first: 3 },
      ),
    ),
    ...title('Folders'),
    ...indented(table(Object.entries(folders).map(([name, path]) => [name, short(path)]))),
    ...(described.composeFile === undefined
      ? []
      : indented(table([['compose', short(described.composeFile)]]))),
  ];
}

/** `cpu 0 of 2, mem 0 of 24 GB` */
function slotWords(slots: NonNullable<StatusRow['slots']>): string {
  return Object.entries(slots)
    .map(([slot, { used, of }]) =>
      slot === 'mem' ? `${slot} ${bytes(Number(used))} of ${bytes(Number(of))}` : `${slot} ${used} of ${of}`,
    )
    .join(', ');
}

function markOf({ state }: StatusRow, { marks }: Look): { mark: string; tone: Tone } {
  switch (state) {
    case 'ready':
      return { mark: marks.done, tone: 'good' };
    case 'starting':
    case 'external':
    case 'unavailable':
    case 'unknown':
      return { mark: marks.know, tone: 'know' };
    case 'unhealthy':
    case 'broken':
    case 'foreign':
      return { mark: marks.bad, tone: 'bad' };
    case 'stopped':
    case 'absent':
    case 'not built':
      return { mark: marks.dot, tone: 'faint' };
  }
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** `4 min`: how long ago, in the greatest unit that fits. */
function age(since: string, at: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(at) - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** `2026-11-24 20:05`, in the time of this machine. */
function when(iso: string): string {
  const date = new Date(iso);
  const two = (amount: number): string => String(amount).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
