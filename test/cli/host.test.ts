// Folders of ours, by the XDG base directory specification.
import { describe, expect, it } from 'vitest';
import { hostOf } from '../../src/cli/host.ts';
import { memoryInput } from './input.ts';

const foldersOf = (variables: Record<string, string | undefined>) =>
  hostOf(memoryInput({ variables }).input).folders;

describe('hostOf', () => {
  it('puts our folders below HOME', () => {
    expect(foldersOf({ HOME: '/home/you' })).toEqual({
      state: '/home/you/.local/state/bai-dev',
      cache: '/home/you/.cache/bai-dev',
      config: '/home/you/.config/bai-dev',
    });
  });

  it('or where the XDG variables say, unless they are relative', () => {
    expect(foldersOf({ HOME: '/h', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: 'c', XDG_CONFIG_HOME: '' })).toEqual(
      { state: '/s/bai-dev', cache: '/h/.cache/bai-dev', config: '/h/.config/bai-dev' },
    );
  });

  it.each([
    [undefined, 'HOME is not set, so there is no place to keep anything.'],
    ['', 'HOME is not set, so there is no place to keep anything.'],
    ['here', 'HOME is "here", no absolute path, so there is no place to keep anything.'],
  ])('needs a HOME: %j', (HOME, words) => {
    expect(() => foldersOf({ HOME })).toThrow(
      expect.objectContaining({ code: 'BAI-CONFIG', message: words }) as Error,
    );
  });
});
