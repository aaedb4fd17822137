// How things look: colours, marks, paths and units; decided once, the same for every screen.

import { quoted } from '../quoted.ts';

export interface Style {
  readonly color: boolean;
  /** The locale can show more than ASCII. */
  readonly unicode: boolean;
  /** A live view is possible: a terminal that can move its cursor. */
  readonly live: boolean;
}

/** What decides about colour, in this order: --no-color, NO_COLOR, FORCE_COLOR, TERM, CI, the stream itself. */
export function decideStyle(from: {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly noColor: boolean;
  readonly terminal: boolean;
}): Style {
  const { variables, noColor, terminal } = from;
  const live = terminal && variables['TERM'] !== 'dumb' && !isSet(variables['CI']);
  const forced = variables['FORCE_COLOR'];
  // an empty NO_COLOR says nothing: no-color.org
  const refused = noColor || (variables['NO_COLOR'] ?? '') !== '';
  const color = refused ? false : forced === undefined ? live : isSet(forced) || forced === '';
  const locale = [variables['LC_ALL'], variables['LC_CTYPE'], variables['LANG']].find(Boolean) ?? '';
  return { color, unicode: /utf-?8/i.test(locale), live };
}

/** True for a variable that says anything but no. */
export const isSet = (value: string | undefined): boolean =>
  value !== undefined && !/^(|0|false|no|off)$/i.test(value);

export type Tone = 'good' | 'know' | 'bad' | 'faint' | 'strong';

/** Gives a text its colour; never what the text is told by alone. */
export type Paint = (tone: Tone, text: string) => string;

export const noPaint: Paint = (_tone, text) => text;

export interface Marks {
  readonly done: string;
  readonly know: string;
  readonly bad: string;
  readonly dot: string;
  readonly cut: string;
  readonly spin: readonly string[];
}

const unicodeMarks: Marks = {
  done: '✔',
  know: '!',
  bad: '✖',
  dot: '·',
  cut: '…',
  spin: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};
const asciiMarks: Marks = {
  done: 'ok',
  know: '!',
  bad: 'x',
  dot: '-',
  cut: '~',
  spin: ['|', '/', '-', '\\'],
};

/** Everything that turns a fact into characters. */
export interface Look {
  readonly paint: Paint;
  readonly marks: Marks;
  /** Columns; Infinity where nothing wraps. */
  readonly width: number;
  readonly home: string;
}

/** A style with its marks, at some width. */
export function lookOf(style: Style, more: { paint: Paint; width: number; home: string }): Look {
  return { ...more, marks: style.unicode ? unicodeMarks : asciiMarks };
}

/** A text of ours in what the locale can show. */
export function inLocale(text: string, unicode: boolean): string {
  if (unicode) return text;
  const known: Readonly<Record<string, string>> = {
    '·': '-',
    '›': '>',
    '…': '...',
    '–': '-',
    '•': '*',
    '●': '*',
  };
  return text.replace(/[·›…–•●]/g, (letter) => known[letter] ?? letter);
}

/** A path with `~` for the home folder. */
export function tilde(path: string, home: string): string {
  return path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** The same for a shell: what follows `~/` is quoted where it has to be. */
export function shellPath(path: string, home: string): string {
  const shown = tilde(path, home);
  return shown.startsWith('~/') ? `~/${quoted(shown.slice(2))}` : quoted(path);
}

/** `3.9 GB`: decimal units, two digits at least. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let amount = count;
  let unit = 0;
  for (; amount >= 999.5 && unit < units.length - 1; unit += 1) amount /= 1000;
  return `${amount < 9.95 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[unit] ?? ''}`;
}

/** For sentences: `41 s`, and `1:05` from a minute on. */
export function duration(seconds: number): string {
  return seconds < 59.5 ? `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s` : clock(seconds);
}

/** For columns: `0.4s`, `18s`, `1:05`. */
export const shortDuration = (seconds: number): string => duration(seconds).replace(' ', '');

/** `0:24` */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return `${minutes}:${String(rest).padStart(2, '0')}`;
}

/** `1 step`, `2 steps` */
export const count = (amount: number, thing: string, things = `${thing}s`): string =>
  `${amount} ${amount === 1 ? thing : things}`;
