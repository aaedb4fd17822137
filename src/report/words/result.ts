// What a command says when it ends well: one screen for each kind of result.
import type { InstallResult } from '../../operations/install.ts';
import type { StartResult } from '../../operations/start.ts';
import type { ReleaseRow } from '../../operations/releases.ts';
import { apart, pad, table, widthOf, wrap } from '../layout.ts';
import type { Explanation, Result } from '../results.ts';
import { duration, tilde, type Look } from '../style.ts';
import { differenceLines } from './change.ts';
import { cacheScreen } from './cache.ts';
import { deletionScreen } from './deletion.ts';
import { guideScreen } from './guide.ts';
import { listedIds, listScreen } from './list.ts';
import { planScreen, unavailableWords } from './plan.ts';
import { savedLines, snapshotScreen } from './snapshot.ts';
import { switchScreen } from './switch.ts';
import { descriptionScreen, resetScreen, startScreen, statusScreen, stopScreen } from './run.ts';

/** The screen of any result. */
export function resultScreen(result: Result, look: Look): string[] {
  switch (result.command) {
    case 'install':
      return installScreen(result.value, look);
    case 'delete':
      return deletionScreen(result.value, look);
    case 'reset':
      return resetScreen(result.value, look);
    case 'snapshot':
      return snapshotScreen(result.value, look);
    case 'cache':
      return cacheScreen(result.value, look);
    case 'guide':
      return guideScreen(result.value, look);
    case 'releases':
      return releasesScreen(result.value, look);
    case 'list':
      return result.quiet ? listedIds(result.value) : listScreen(result.value, look);
    case 'start':
    case 'restart':
      return startScreen(result.value, look);
    case 'stop':
      return stopScreen(result.value, look);
    case 'switch':
      return switchScreen(result.value, look);
    case 'status':
      return statusScreen(result.value, look);
    case 'describe':
      return descriptionScreen(result.value, look);
    case 'exec':
    case 'logs':
      return []; // it said everything itself
    case 'explain':
      return explanationScreen(result.value, look);
  }
}

function installScreen(result: InstallResult & { readonly started?: StartResult }, look: Look): string[] {
  const { id, outcome, account, started, differences = [] } = result;
  if (outcome === 'planned') {
    return [
      `${id} would be ${differences.length === 0 ? 'made' : 'changed'} like this:`,
      '',
      ...differenceLines(differences).map((line) => `  ${line}`),
      ...(differences.length === 0 ? [] : ['']),
      ...planScreen(result.plan ?? [], look, result.facts),
      '  Nothing has been written.',
    ];
  }
  const { paint } = look;
  const ready = {
    made: 'is ready',
    continued: 'is ready',
    repaired: 'is repaired',
    changed: 'is changed',
    unchanged: 'is ready',
  }[outcome];
  const head = paint('strong', `${id} ${ready}.`);
  const { unavailable } = result;
  const rows: readonly Row[] = [
    ...(started === undefined ? [['Start the daemons', `bai-dev start ${id}`] as const] : []),
    ['Web UI', result.webUrl, started === undefined ? 'after start' : ''],
    [
      'Log in as',
      `${account.email} ${look.marks.dot} ${account.password}`,
      "upstream's public example account",
    ],
    ...(unavailable === undefined ? [] : [['No sessions', unavailableWords(unavailable)] as const]),
    ['Folder', tilde(result.installPath, look.home)],
    ['Remove it', `bai-dev delete -e ${id}`],
  ];
  const took = outcome === 'unchanged' ? 'nothing had to be done' : `in ${duration(result.seconds)}`;
  return [
    apart(head, paint('faint', took), Math.min(look.width, 80)) ?? head,
    '',
    ...rows.map((row) => line(row, look)),
    ...savedLines(result.saved, look),
    ...(started === undefined ? [] : ['', ...startScreen(started, look)]),
  ];
}

type Row = readonly [label: string, text: string, remark?: string];

/** The remark goes first where there is no room. */
function line([label, text, remark = '']: Row, { paint, width }: Look): string {
  const short = `  ${pad(label, 21)}  ${text}`;
  if (remark === '' || widthOf(`${short}   ${remark}`) > width) return short;
  return `${short}   ${paint('faint', remark)}`;
}

function releasesScreen(rows: readonly ReleaseRow[], { paint }: Look): string[] {
  return [
    ...table([
      ['RELEASE', 'PYTHON', 'RELEASED', 'SUPPORTED UNTIL', ''].map((title) => paint('faint', title)),
      ...rows.map((release) => [
        release.version,
        release.python,
        release.released,
        release.supportEnds,
        [release.default ? 'default' : '', release.ended ? 'support has ended' : '']
          .filter(Boolean)
          .join(', '),
      ]),
    ]),
    '',
    'Install one with   bai-dev install --release RELEASE',
  ];
}

function explanationScreen(value: Explanation | readonly Explanation[], { width }: Look): string[] {
  if (isList(value)) {
    return [
      ...table([
        ['CODE', 'EXIT', 'MEANING'],
        ...value.map(({ code, exit, about }) => [code, String(exit), about]),
      ]),
      '',
      'Causes and ways out:  bai-dev explain CODE',
    ];
  }
  const { code, about, exit, retryable, explanation } = value;
  return [
    `${code}  ${about}`,
    '',
    ...wrap(explanation, Math.min(width, 100) - 3).map((line) => `  ${line}`),
    '',
    `  Exit status   ${exit}`,
    `  Trying again  ${retryable ? 'may help, with nothing changed' : 'helps only after the cause is fixed'}`,
  ];
}

const isList = (value: Explanation | readonly Explanation[]): value is readonly Explanation[] =>
  Array.isArray(value);
