// The grammar: what is understood, and how it is told what is not.
import { describe, expect, it } from 'vitest';
import { commands, parse } from '../../src/cli/program.ts';
import { Failure } from '../../src/failure.ts';

const read = (...argv: string[]) => parse(argv, { version: '1.2.3', width: 80 });

function text(...argv: string[]): string {
  const parsed = read(...argv);
  if (parsed.kind !== 'text') throw new Error('no text');
  return parsed.text;
}

function wrong(...argv: string[]): Failure {
  try {
    read(...argv);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('help', () => {
  it('of the program fits a screen, groups by the order of the day, and names every command', () => {
    const help = text('--help');
    expect(help.split('\n').length).toBeLessThanOrEqual(40);
    expect(help.match(/^(Make|Run|Use|Know):$/gm)).toEqual(['Make:', 'Run:', 'Use:', 'Know:']);
    for (const { name } of commands) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(text()).toBe(help);
  });

  it.each(commands.map(({ name }) => name))('of %s has a purpose, its options and examples', (name) => {
    const help = text(name, '--help');
    const command = commands.find((each) => each.name === name)!;
    expect(help).toContain(command.about);
    for (const option of command.options) expect(help).toContain(`--${option}`);
    for (const example of command.examples) expect(help).toContain(`  ${example}\n`);
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    [['help'], ['--help']],
    [
      ['help', 'install'],
      ['install', '--help'],
    ],
    [
      ['help', 'ls'],
      ['list', '--help'],
    ],
    [
      ['install', 'help'],
      ['install', '--help'],
    ],
    [
      ['stop', 'help'],
      ['stop', '--help'],
    ],
  ])('%j is %j', (words, option) => {
    expect(text(...words)).toBe(text(...option));
  });

  it('help of what is no command says so', () => {
    expect(wrong('help', 'instal').message).toBe('Unknown command "instal". Did you mean install?');
  });

  it.each(commands.flatMap(({ examples }) => examples))('the example %j is understood', (example) => {
    const argv = example.split(' ').slice(1);
    expect(read(...argv).kind).toBe('call');
  });
});

describe('version', () => {
  it.each(['--version', '-V', '-v', 'version'])('%s is the version alone', (flag) => {
    expect(text(flag)).toBe('1.2.3\n');
  });
});

describe('a command line', () => {
  it('gives only what was typed', () => {
    expect(read('install', '-e', 'dev', '--release=21.09', '--yes')).toMatchObject({
      kind: 'call',
      typed: { environment: 'dev', release: '21.09', yes: 'true' },
    });
    expect(read('install')).toMatchObject({ kind: 'call', typed: {} });
  });

  it('keeps the positional argument', () => {
    expect(read('delete', 'dev', '--no-color')).toMatchObject({
      argument: 'dev',
      typed: { 'no-color': 'true' },
    });
  });

  it.each([
    [['instal'], 'Unknown command "instal". Did you mean install?', 'bai-dev --help'],
    [
      ['install', '--relase', '21.09'],
      'Unknown option "--relase". Did you mean --release?',
      'bai-dev install --help',
    ],
    [['install', '--elsewhere', 'x'], 'Unknown option "--elsewhere".', 'bai-dev install --help'],
    [['install', '-e'], 'Option "-e, --environment <id>" argument missing.', 'bai-dev install --help'],
    [
      ['install', 'a', 'b'],
      'Too many arguments for "install". Expected 1 argument but got 2.',
      'bai-dev install --help',
    ],
    [
      ['releases', 'x'],
      'Too many arguments for "releases". Expected 0 arguments but got 1.',
      'bai-dev releases --help',
    ],
    [['--release', '21.09'], 'Unknown option "--release".', 'bai-dev --help'],
    [['delete', '--release', '21.09'], 'Unknown option "--release".', 'bai-dev delete --help'],
  ])('%j is told in one sentence', (argv, words, next) => {
    const { code, message, more } = wrong(...argv);
    expect([code, message]).toEqual(['BAI-USAGE', words]);
    expect(more.next?.map(({ command }) => command)).toEqual([next]);
  });
});
