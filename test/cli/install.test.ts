// What was said and what is answered add up to a request.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestOf } from '../../src/cli/install.ts';
import type { Ask } from '../../src/world.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

/** Somebody who gives these answers, in order; `undefined` takes what is suggested. */
function person(...answers: (string | undefined)[]): { ask: Ask; questions: string[] } {
  const questions: string[] = [];
  const answer = (message: string, initial: string | undefined): string => {
    questions.push(`${message} [${initial ?? ''}]`);
    return answers.shift() ?? initial ?? '';
  };
  return {
    questions,
    ask: {
      available: true,
      text: ({ message, initial }) => Promise.resolve(answer(message, initial)),
      choose: ({ message, initial, choices }) => {
        const said = answer(message, initial);
        const found = choices.find(({ value }) => value === said);
        return found === undefined ? Promise.reject(new Error(said)) : Promise.resolve(found.value);
      },
      confirm: () => Promise.resolve(true),
      secret: () => Promise.reject(new Error('no secret is needed')),
    },
  };
}

describe('without a terminal', () => {
  it('asks nothing and makes up an ID', async () => {
    const request = await requestOf(box.world, { wishes: {}, defaults: {} });
    expect(request).toEqual({
      id: expect.stringMatching(/^[a-z]+-[a-z]+$/) as string,
      randomId: true,
      wishes: { ports: { single: {} } },
      defaults: { ports: { single: {} } },
      yes: false,
      dryRun: false,
      change: false,
      adopt: false,
    });
  });

  it.each([
    [{ 'enable-cuda': true }, 'cuda'],
    [{ 'enable-cuda-mock': true }, 'cuda-mock'],
    [{ 'enable-cuda': true, 'cuda-branch': 'mock' }, 'cuda-mock'],
    [{ 'enable-cuda': true, 'enable-cuda-mock': true }, 'cuda-mock'],
    [{ 'cuda-branch': 'main' }, 'cuda'],
    [{ 'enable-cuda': false }, undefined],
    [{ 'no-cuda': true, 'enable-cuda': false }, 'none'],
  ] as const)('takes %j for the accelerator %s', async (wishes, kind) => {
    expect((await requestOf(box.world, { wishes, defaults: {} })).wishes.accelerator).toBe(kind);
  });

  it.each([{ 'enable-cuda': true }, { 'enable-cuda-mock': true }, { 'cuda-branch': 'main' }] as const)(
    'refuses --no-cuda beside %j',
    async (wishes) => {
      const said = requestOf(box.world, { wishes: { ...wishes, 'no-cuda': true }, defaults: {} });
      await expect(said).rejects.toMatchObject({ code: 'BAI-USAGE' });
    },
  );

  it.each([
    [{ 'no-kernel-images': true }, 'none'],
    [{ 'download-big-images': true }, 'big'],
    [{}, undefined],
  ] as const)('takes %j for the kernel images %s', async (wishes, images) => {
    expect((await requestOf(box.world, { wishes, defaults: {} })).wishes.kernelImages).toBe(images);
  });

  it('keeps wishes and defaults apart', async () => {
    const request = await requestOf(box.world, {
      wishes: {
        environment: 'dev' as never,
        release: '2109',
        yes: true,
        'dry-run': true,
        'redis-port': 6380,
      },
      defaults: { release: '21.03', index: 'https://host/simple', 'install-path': '/w', ports: 12000 },
    });
    expect(request).toEqual({
      id: 'dev',
      randomId: false,
      wishes: { release: '2109', ports: { single: { redis: 6380 } } },
      defaults: {
        release: '21.03',
        index: 'https://host/simple',
        installPath: '/w',
        ports: { base: 12000, single: {} },
      },
      yes: true,
      dryRun: true,
      change: false,
      adopt: false,
    });
  });
});

describe('on a terminal', () => {
  it('asks for what is missing and takes the answers for wishes', async () => {
    const { ask, questions } = person('mine', '21.03');
    const request = await requestOf({ ...box.world, ask }, { wishes: {}, defaults: {} });
    expect(questions[0]).toMatch(/^Name of the environment \[[a-z]+-[a-z]+\]$/);
    expect(questions.slice(1)).toEqual(['Release of Backend.AI [21.09]']);
    expect(request).toMatchObject({ id: 'mine', randomId: false, wishes: { release: '21.03' } });
  });

  it('does not ask for the release that the ID names', async () => {
    const { ask, questions } = person('dev2103');
    const request = await requestOf({ ...box.world, ask }, { wishes: {}, defaults: {} });
    expect(questions.slice(1)).toEqual([]);
    expect(request.wishes).toEqual({ ports: { single: {} } });
  });

  it('says that there is no such release where the ID names one of which nothing is known', async () => {
    const { ask, questions } = person('dev2203');
    await requestOf({ ...box.world, ask }, { wishes: {}, defaults: {} });
    expect(questions.slice(1)).toEqual(['Release of Backend.AI (22.03 is not in the catalogue) [21.09]']);
  });

  it('knows a suggested ID that was taken for a made up one', async () => {
    const { ask } = person();
    expect(await requestOf({ ...box.world, ask }, { wishes: {}, defaults: {} })).toMatchObject({
      randomId: true,
    });
  });

  it.each([
    [true, 'cuda-mock'],
    [false, 'cuda'],
  ])('offers the mock where CUDA is wanted and there is no GPU; %s is obeyed', async (answer, kind) => {
    const { ask } = person();
    const asked: string[] = [];
    const confirm: Ask['confirm'] = ({ message }) => {
      asked.push(message);
      return Promise.resolve(answer);
    };
    const world = {
      ...box.world,
      ask: { ...ask, confirm },
      host: { ...box.world.host, variables: { PATH: '' } },
    };
    const wishes = { environment: 'dev' as never, 'enable-cuda': true };
    const request = await requestOf(world, { wishes, defaults: {} });
    expect(asked).toEqual(['No NVIDIA GPU can be used here. Use mock GPUs instead?']);
    expect(request.wishes.accelerator).toBe(kind);
  });

  it('asks nothing that was said, and nothing at all with --yes', async () => {
    const { ask, questions } = person();
    const world = { ...box.world, ask };
    const environment = 'dev' as never;
    await requestOf(world, {
      wishes: { environment, release: '21.09' },
      defaults: { 'install-path': '/w' },
    });
    await requestOf(world, { wishes: { environment, yes: true }, defaults: {} });
    expect(questions).toEqual([]);
  });
});
