// One working copy in place of another, whole at every moment: also after each place at which it may be cut off.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  exchange,
  notedSource,
  noteSource,
  settleExchange,
  type Exchange,
} from '../../src/source/exchange.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let wish: Exchange;
beforeEach(() => {
  box = sandbox();
  const at = (name: string): string => join(box.folder, 'install', name);
  wish = {
    ...{ path: at('agent'), next: at('.agent.next'), former: at('.agent.former') },
    carried: ['agent.toml', 'scratches', 'taken'],
  };
  put(join(wish.path, 'agent.toml'), 'edited');
  put(join(wish.path, 'scratches/data'), 'data');
  put(join(wish.path, 'taken'), 'old');
  put(join(wish.path, 'code'), 'old');
  put(join(wish.next, 'taken'), 'new');
  put(join(wish.next, 'code'), 'new');
});
afterEach(() => box.remove());

function put(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}
const read = (name: string): string => readFileSync(join(wish.path, name), 'utf8');
const beside = (): string[] => readdirSync(join(box.folder, 'install'));

describe('an exchange', () => {
  const isDone = (): void => {
    expect(['agent.toml', 'scratches/data', 'taken', 'code'].map(read)).toEqual([
      'edited',
      'data',
      'new',
      'new',
    ]);
    expect(beside()).toEqual(['agent']);
  };

  it('gives the place to the next one, with what goes along', async () => {
    await exchange(wish);
    isDone();
  });

  it('that was cut off with nothing in place is taken back', async () => {
    renameSync(wish.path, wish.former);
    await settleExchange(wish);
    expect(read('code')).toBe('old');
    expect(existsSync(wish.former)).toBe(false);
    await exchange(wish);
    isDone();
  });

  it('that was cut off later is finished, twice is once', async () => {
    renameSync(wish.path, wish.former);
    renameSync(wish.next, wish.path);
    renameSync(join(wish.former, 'scratches'), join(wish.path, 'scratches'));
    await settleExchange(wish);
    isDone();
    await settleExchange(wish);
    isDone();
  });

  it('leaves alone what nobody exchanged', async () => {
    await settleExchange(wish);
    expect(read('code')).toBe('old');
    expect(beside()).toEqual(['.agent.next', 'agent']);
  });
});

it('notes where a tree came from', async () => {
  expect(await notedSource(wish.path)).toBeUndefined();
  await noteSource(wish.path, 'a word');
  expect(await notedSource(wish.path)).toBe('a word');
});
