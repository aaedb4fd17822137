// What is said of all environments together: one row each, with the command that brings it into order.
import type { ListResult, ListRow } from '../../operations/list.ts';
import { cut, table, widthOf } from '../layout.ts';
import { tilde, type Look, type Tone } from '../style.ts';

/** For programs: the IDs of our own environments, one a line. */
export const listedIds = ({ environments }: ListResult): string[] =>
  environments.filter(({ state }) => state !== 'foreign').map(({ id }) => id);

/** One row an environment; what does not fit goes from the right. */
export function listScreen(result: ListResult, look: Look): string[] {
  const { paint } = look;
  const { environments, silent, trouble } = result;
  const remarks = [
    ...switchLines(result, look),
    ...(trouble === undefined ? [] : [paint('bad', trouble)]),
    ...silent.map(({ reason }) => paint('know', `How halfstacks stand is not known: ${reason}`)),
  ];
  if (environments.length === 0) {
    return ['There is no environment yet. Make one with   bai-dev install -e dev2109', ...remarks];
  }
  const rows = environments.map((row) => ({ row, cells: cellsOf(row, look) }));
  const heading = ['', ...headings].slice(0, rows[0]?.cells.length);
  const lines = table([heading, ...rows.map(({ cells }) => cells)]).map((line) =>
    cut(line, look.width - 1, look.marks.cut),
  );
  const [first = '', ...others] = lines;
  return [
    paint('faint', first),
    ...others.flatMap((line, at) => rowLines(line, rows[at]?.row, look)),
    ...(remarks.length === 0 ? [] : ['', ...remarks]),
  ];
}

const headings = ['ID', 'RELEASE', 'STATE', 'HALFSTACK', 'DAEMONS', 'PORTS', 'PATH'];

function cellsOf(row: ListRow, { marks, home }: Look): string[] {
  const { id, release, state, halfstack, daemons, path, runs } = row;
  const running = daemons?.running.length ?? 0;
  const external = daemons?.external?.length ?? 0;
  const counts = [
    ...(running === 0 ? [] : [`${running} of ${daemons?.total ?? 0}`]),
    ...(external === 0 ? [] : [`${external} external`]),
  ];
  return [
    runs ? '●' : '',
    id,
    release ?? '',
    state,
    halfstack === 'absent' ? '–' : halfstack,
    counts.length > 0 ? counts.join(', ') : state === 'foreign' && runs ? '?' : '–',
    portOf(row, marks.cut),
    path === undefined ? '' : tilde(path, home),
  ];
}

/** The block, else the manager's or the first that a foreign one has. */
function portOf({ ports, block }: ListRow, more: string): string {
  if (block !== undefined) return block.join('-');
  if (ports === undefined) return '';
  const first = 'manager' in ports ? ports.manager : ports[0];
  return first === undefined ? '' : `${first}${more}`;
}

/** A remark stands behind its row where there is room, else below it, so that its command stays whole. */
function rowLines(line: string, row: ListRow | undefined, look: Look): string[] {
  if (row === undefined) return [line];
  const tone = toneOf(row);
  const shown = tone === undefined ? line : look.paint(tone, line);
  const remark = remarkOf(row);
  if (remark === '') return [shown];
  const room = look.width - widthOf(line) - 4;
  return widthOf(remark) <= room ? [`${shown}   ${remark}`] : [shown, `     ${remark}`];
}

function remarkOf({ busy, reason, next }: ListRow): string {
  if (busy !== undefined) return `bai-dev ${busy} works on it right now`;
  const parts = [reason, next === undefined ? undefined : `${next.purpose}: ${next.command}`];
  return parts.filter((part) => part !== undefined).join('  ');
}

function toneOf({ state, halfstack, next }: ListRow): Tone | undefined {
  if (state === 'damaged' || halfstack === 'unhealthy') return 'bad';
  if (state === 'foreign') return 'faint';
  return state === 'ready' && next === undefined ? undefined : 'know';
}

function switchLines(result: ListResult, { paint }: Look): string[] {
  const cutOff = result.switch;
  if (cutOff === undefined) return [];
  if (cutOff.working) return [`bai-dev switch ${cutOff.target} is at work right now.`];
  return [
    paint('know', `A switch to ${cutOff.target} was cut off in its middle.`),
    ...table((cutOff.next ?? []).map(({ purpose, command }) => [`  ${purpose}:`, command])),
  ];
}
