// The live view as lines: one a group, none longer than the terminal is wide.
import { apart, cut, pad, widthOf } from './layout.ts';
import type { Group, Live } from './live.ts';
import { clock, count, shortDuration, type Look, type Tone } from './style.ts';

/** One line a group, none longer than the width. `ended`: the last picture, that stays. */
export function liveLines(live: Live, look: Look, at: { now: number; ended: boolean }): string[] {
  const groups = [...live.groups.values()];
  // what was only planned is no picture of a run
  const begun = !at.ended || groups.some((group) => group.begun);
  const rows = begun ? groups.map((group) => groupLine(group, look, at)) : [];
  return [
    ...machineLines(live, look, at),
    ...rows,
    ...(at.ended || rows.length === 0 ? [] : ['', footer(live, look, at.now)]),
  ];
}

function machineLines({ machine }: Live, look: Look, at: { now: number; ended: boolean }): string[] {
  if (machine === undefined) return [];
  const name = 'Machine';
  if ('words' in machine) {
    const time = shortDuration(machine.seconds);
    return [line(look, { mark: look.marks.done, tone: 'good', name, detail: machine.words, time })];
  }
  // a run with nothing to do asks the machine nothing
  if (at.ended) return [];
  const time = shortDuration((at.now - machine.began) / 1000);
  return [line(look, { mark: spin(look, at.now), tone: 'strong', name, detail: '', time })];
}

const spin = ({ marks }: Look, now: number): string =>
  marks.spin[Math.floor(now / 80) % marks.spin.length] ?? '';

/** `0:24 of about 0:45`; the estimate stays when it was passed. */
function footer({ began, expected }: Live, look: Look, now: number): string {
  const seconds = (now - (began ?? now)) / 1000;
  const estimate = expected === undefined ? '' : ` of about ${clock(expected)}`;
  const late = expected !== undefined && seconds > expected ? ', longer than usual' : '';
  const text = `  ${clock(seconds)}${estimate}${late}`;
  return look.paint('faint', cut(text, look.width - 1, look.marks.cut));
}

function groupLine(group: Group, look: Look, at: { now: number; ended: boolean }): string {
  const { name, begun, busy, since = at.now } = group;
  if (!begun) return line(look, { mark: ' ', tone: 'faint', name, detail: '', time: '' });
  const time = shortDuration((busy + at.now - since) / 1000);
  return line(look, { name, time, ...standing(group, look, at) });
}

/** How a group that has begun stands. */
function standing(group: Group, look: Look, at: { now: number; ended: boolean }): Standing {
  const { marks } = look;
  const { ended, running, broken, total, words, last } = group;
  const listed = (each: readonly string[]): string => each.join(` ${marks.dot} `);
  if (broken.length > 0) return { mark: marks.bad, tone: 'bad', detail: listed(broken) };
  const done = ended.filter((outcome) => outcome === 'done' || outcome === 'kept').length;
  const turning = { mark: at.ended ? marks.dot : spin(look, at.now), tone: 'strong' } as const;
  if (last !== undefined && !at.ended) return { ...turning, detail: listed([String(done), last]) };
  if (last !== undefined) return { mark: marks.done, tone: 'good', detail: count(done, 'thing') };
  if (running.size > 0) return { ...turning, detail: listed(runningWords(group, done)) };
  // it waits for another group
  if (done < total) return { mark: ' ', tone: 'strong', detail: `${done} of ${total}` };
  if (ended.every((outcome) => outcome === 'kept')) {
    return { mark: marks.done, tone: 'faint', detail: 'kept', time: '' };
  }
  const counted = total === 1 ? [] : [count(total, 'step')];
  return { mark: marks.done, tone: 'good', detail: listed(words.length > 0 ? words : counted) };
}

type Standing = Pick<Row, 'mark' | 'tone' | 'detail'> & Partial<Pick<Row, 'time'>>;

/** `4 of 6`, `agent: 143 of 187 packages`, `client`: the longest running first. */
function runningWords({ running, total }: Group, done: number): string[] {
  const each = [...running.values()].map(({ title, detail }) =>
    detail === '' ? title : `${title}: ${detail}`,
  );
  return [...(total > 1 ? [`${done} of ${total}`] : []), ...each];
}

interface Row {
  readonly mark: string;
  readonly tone: Tone;
  readonly name: string;
  readonly detail: string;
  readonly time: string;
}

/** Columns of the group's name, as wide as the longest of upstream's words for a part. */
const nameWidth = 18;
/** Below this the time goes; below that of `narrowest` the details go too. */
const narrow = 60;
const narrowest = 36;

function line({ paint, marks, width }: Look, { mark, tone, name, detail, time }: Row): string {
  // one column stays free: a full line makes some terminals wrap
  const room = width - 1;
  const head = `  ${pad(mark, widthOf(marks.done))} ${pad(name, nameWidth)}`;
  const named = cut(head.trimEnd(), room, marks.cut);
  const painted = (text: string): string =>
    mark.trim() === '' ? paint(tone, text) : text.replace(mark, () => paint(tone, mark));
  if (width < narrowest || detail === '') {
    const right = detail === '' && time !== '' && width >= narrow ? apart(named, time, room) : undefined;
    return painted(right ?? named);
  }
  const right = width < narrow ? '' : time;
  const left = `${head} ${cut(detail, room - widthOf(head) - 1 - (right === '' ? 0 : widthOf(right) + 2), marks.cut)}`;
  const whole = right === '' ? left.trimEnd() : (apart(left, right, room) ?? left);
  return tone === 'faint' ? paint('faint', whole) : painted(whole);
}
