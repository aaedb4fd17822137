// The live view on a real terminal: what is seen while it runs and what stays.
import { afterEach, describe, expect, it } from 'vitest';
import { repository } from '../rig/world.ts';
import { widthOf } from '../../src/report/layout.ts';
import { endAll, onTerminal } from './terminal.ts';

const scene = (columns: number, env: Record<string, string> = {}, ...more: string[]) =>
  onTerminal(['--import', 'tsx', 'test/report/scene.ts', ...more], { columns, env, cwd: repository });

afterEach(endAll);

/** The seconds differ from run to run. */
const timeless = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/\d\.\ds$/, '0.0s').replace(/0:0\d of/, '0:00 of'));

describe('the live view', () => {
  it('is a line a group at 80 columns, and folds at the end', async () => {
    const shown = scene(80);
    const middle = timeless(await shown.until('143 of 187'));
    expect(middle.slice(0, 4)).toEqual([
      'bai-dev install  dev2109 · Backend.AI 21.09 · docker · PyPI sources',
      '',
      '  ! 7.1 GB free in ~/work',
      '      Kernels need more.',
    ]);
    expect(middle.slice(5, 8)).toEqual([
      '  ✔ Machine            2 checks, 1 to know                                 0.0s',
      '  ✔ Sources            manager · agent                                     0.0s',
      '  ✔ Halfstack          postgres 8101 · redis 8111 · etcd 8121              0.0s',
    ]);
    expect(middle[8]).toMatch(/^ {2}. Virtualenvs {8}0 of 2 · manager · agent: 143 of 187 packages +0\.0s$/);
    expect(middle.slice(9)).toEqual(['    Configuration', '', '  0:00 of about 0:45']);

    const { exitCode, screen } = await shown.ended;
    expect(exitCode).toBe(0);
    expect(timeless(screen).slice(5)).toEqual([
      '  ✔ Machine            2 checks, 1 to know                                 0.0s',
      '  ✔ Sources            manager · agent                                     0.0s',
      '  ✔ Halfstack          postgres 8101 · redis 8111 · etcd 8121              0.0s',
      '  ✔ Virtualenvs        2 steps                                             0.0s',
      '  ✔ Configuration                                                          0.0s',
      '',
      'dev2109 is ready.                                                        in 41 s',
      '',
      '  Start the daemons      bai-dev start dev2109',
      '  Web UI                 http://127.0.0.1:8090   after start',
      '  Log in as              admin@lablup.com · wJalrXUt',
      '  Folder                 ~/work/dev2109',
      '  Remove it              bai-dev delete -e dev2109',
    ]);
    expect(shown.cursor()).toBe('shown');
  });

  it('never wraps at 40 columns', async () => {
    const shown = scene(40);
    const middle = await shown.until('Configuration');
    expect(middle).toContain('  ✔ Machine            2 checks, 1 to…');
    const { screen } = await shown.ended;
    // one line each: had one wrapped, the redrawing would have left its other half behind
    expect(
      screen.filter((line) => /Machine|Sources|Halfstack|Virtualenvs|Configuration/.test(line)),
    ).toHaveLength(5);
    for (const line of screen) expect(widthOf(line)).toBeLessThanOrEqual(40);
  });

  it('ends with the failure below the groups', async () => {
    const { screen } = await scene(80, { SCENE: 'fail' }).ended;
    const text = screen.join('\n');
    expect(text).toMatch(
      / {2}✖ Virtualenvs {8}manager failed +\d\.\ds\n {4}Configuration\n\n✖ Virtualenvs › manager/,
    );
    expect(text).toContain('(line 812)');
    expect(text).toContain('  Nothing is lost. The same command continues where this one stopped.');
  });

  it('keeps to ASCII where the locale has no more', async () => {
    const { screen } = await scene(80, { LANG: 'C' }).ended;
    expect(screen.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
    expect(timeless(screen)).toContain(
      '  ok Machine            2 checks, 1 to know                                0.0s',
    );
  });

  it('keeps every step above it with --verbose', async () => {
    const { screen } = await scene(80, {}, '--verbose').ended;
    expect(screen).toContain('virtualenv:agent: 143 of 187 packages');
    expect(screen).toContain('Sources: manager done in 0.2 s: manager');
    expect(screen.filter((line) => /^ {2}✔ Sources/.test(line))).toHaveLength(1);
  });

  it.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['CI', { CI: 'true' }],
  ])('is plain lines with %s', async (_what, env) => {
    const { screen } = await scene(80, env).ended;
    expect(screen).toContain('Sources: manager done in 0.2 s: manager');
    expect(screen.join('\n')).not.toContain('0:00 of about');
  });
});
