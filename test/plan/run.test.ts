import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint, isKept, runSteps, type Run } from '../../src/plan/run.ts';
import type { Journal, Mark, Step } from '../../src/plan/step.ts';
import type { Event } from '../../src/report/events.ts';

/** A journal in memory that also keeps the order in which things happened. */
function notebook(marks: Record<string, Mark> = {}) {
  const story: string[] = [];
  const journal: Journal<string> = {
    mark: (id) => marks[id],
    started: async (id, resources, print) => {
      await sleep(1);
      marks[id] = { state: 'started', fingerprint: print, at: '' };
      story.push(`started ${[id, ...resources].join(' ')}`);
    },
    done: async (id, print) => {
      await sleep(1);
      marks[id] = { state: 'done', fingerprint: print, at: '' };
      story.push(`done ${id}`);
    },
  };
  return { journal, marks, story };
}

interface Given {
  readonly marks?: Record<string, Mark>;
  readonly pools?: Run<string>['pools'];
  readonly controller?: AbortController;
}

async function walk(steps: readonly Step<string>[], given: Given = {}) {
  const { journal, marks, story } = notebook(given.marks);
  const events: Event[] = [];
  const result = await runSteps({
    steps,
    journal,
    pools: given.pools ?? { network: 2, cpu: 2, disk: 2 },
    signal: (given.controller ?? new AbortController()).signal,
    emit: (event) => void events.push(event),
    clock: () => performance.now(),
  });
  const ends = events.flatMap((event) => (event.kind === 'step-ended' ? [event] : []));
  // whatever happens, each step ends in exactly one event, and that is what the result says
  expect(ends.map(({ step }) => step).sort()).toEqual(steps.map(({ id }) => id).sort());
  expect(new Map(ends.map(({ step, outcome }) => [step, outcome]))).toEqual(new Map(result.outcomes));
  return { ...result, marks, story, events, ends, outcomes: Object.fromEntries(result.outcomes) };
}

const step = (
  id: string,
  run: Step<string>['run'] = async () => {},
  more: Partial<Step<string>> = {},
): Step<string> => ({
  id,
  title: id,
  group: 'Group',
  run,
  ...more,
});

const done = (inputs?: unknown): Mark => ({ state: 'done', fingerprint: fingerprint(inputs), at: '' });

describe('a step', () => {
  test('is entered with what it makes before it runs, and as done after', async () => {
    const seen: (Mark | undefined)[] = [];
    const book = notebook();
    const result = await runSteps({
      steps: [
        step('a', () => Promise.resolve(void seen.push(book.journal.mark('a'))), {
          makes: () => ['r1', 'r2'],
          inputs: { x: 1 },
        }),
      ],
      journal: book.journal,
      pools: { network: 1, cpu: 1, disk: 1 },
      signal: new AbortController().signal,
      emit: () => undefined,
      clock: () => 0,
    });
    expect(seen).toMatchObject([{ state: 'started', fingerprint: fingerprint({ x: 1 }) }]);
    expect(book.story).toEqual(['started a r1 r2', 'done a']);
    expect(result.outcomes.get('a')).toBe('done');
  });

  test('tells its start, its progress and its end with a summary', async () => {
    const { events } = await walk([
      step('a', async (control) => {
        control.progress('half', { done: 1, total: 2 });
        control.summary('two things');
        await sleep(1);
      }),
    ]);
    expect(events).toMatchObject([
      { kind: 'step-started', step: 'a', group: 'Group' },
      { kind: 'step-progress', step: 'a', detail: 'half', done: 1, total: 2 },
      { kind: 'step-ended', step: 'a', outcome: 'done', summary: 'two things' },
    ]);
    expect(events.at(-1)).toHaveProperty('seconds');
  });

  test('that is not entered does not run: the journal comes first', async () => {
    let ran = false;
    const journal: Journal<string> = {
      mark: () => undefined,
      started: () => Promise.reject(new Error('disk full')),
      done: () => Promise.resolve(),
    };
    const result = await runSteps({
      steps: [step('a', () => Promise.resolve(void (ran = true)))],
      journal,
      pools: { network: 1, cpu: 1, disk: 1 },
      signal: new AbortController().signal,
      emit: () => undefined,
      clock: () => 0,
    });
    expect(ran).toBe(false);
    expect(result.failure?.error).toMatchObject({ message: 'disk full' });
  });
});

describe('a step is kept', () => {
  const never = () => Promise.reject(new Error('ran'));

  test('if it is done with the same inputs and there', async () => {
    const { outcomes, story, events } = await walk(
      [step('a', never, { inputs: [1], check: () => Promise.resolve(true) }), step('b', never)],
      { marks: { a: done([1]), b: done() } },
    );
    expect(outcomes).toEqual({ a: 'kept', b: 'kept' });
    expect(story).toEqual([]);
    expect(events.map(({ kind }) => kind)).toEqual(['step-ended', 'step-ended']);
  });

  test.each<[string, Mark | undefined, unknown, boolean]>([
    ['it never began', undefined, 1, true],
    ['it only began', { ...done(1), state: 'started' }, 1, true],
    ['its inputs changed', done(1), 2, true],
    ['it is not there any more', done(1), 1, false],
  ])('but not if %s', async (_why, mark, inputs, there) => {
    let looked = false;
    const one = step('a', undefined, {
      inputs,
      check: async () => {
        looked = true;
        return Promise.resolve(there);
      },
    });
    const { outcomes, story } = await walk([one], mark === undefined ? {} : { marks: { a: mark } });
    expect(outcomes).toEqual({ a: 'done' });
    expect(story).toEqual(['started a', 'done a']);
    expect(looked).toBe(!there); // reality is only asked about what is marked as done
  });

  test('and fails if its check does', async () => {
    const one = step('a', undefined, { check: () => Promise.reject(new Error('engine down')) });
    const { outcomes, failure, story } = await walk([one], { marks: { a: done() } });
    expect(outcomes).toEqual({ a: 'failed' });
    expect(failure?.error).toMatchObject({ message: 'engine down' });
    expect(story).toEqual([]);
  });

  test('whatever the order of the keys of its inputs', async () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const turned = (part: unknown): unknown =>
          part === null || typeof part !== 'object'
            ? part
            : Array.isArray(part)
              ? part.map(turned)
              : Object.fromEntries(
                  Object.entries(part)
                    .reverse()
                    .map(([key, inner]) => [key, turned(inner)]),
                );
        expect(fingerprint(turned(value))).toBe(fingerprint(value));
      }),
    );
    expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }));
    expect(fingerprint(undefined)).not.toBe(fingerprint({}));
    expect(
      await isKept(
        step('a', undefined, { inputs: { b: 1, a: 2 } }),
        notebook({ a: done({ a: 2, b: 1 }) }).journal,
      ),
    ).toBe(true);
  });
});

describe('order', () => {
  test('steps run side by side, but wait for what they come after', async () => {
    const story: string[] = [];
    let cEnded = (): void => undefined;
    const c = new Promise<void>((resolve) => (cEnded = resolve));
    const one = (id: string, after: string[] = [], work: () => Promise<void> | void = () => undefined) =>
      step(
        id,
        async () => {
          story.push(`+${id}`);
          await work();
          story.push(`-${id}`);
        },
        { after },
      );
    // `a` ends only when `c` has: one after the other they would wait for ever
    await walk([one('a', [], () => c), one('b'), one('c', ['b'], cEnded), one('d', ['a', 'c'])]);
    expect(story.indexOf('-b')).toBeLessThan(story.indexOf('+c'));
    expect(story.indexOf('+a')).toBeLessThan(story.indexOf('-c'));
    expect(story.slice(-2)).toEqual(['+d', '-d']);
  });

  test('a list that names a step below, or one twice, is our mistake', async () => {
    await expect(walk([step('a', undefined, { after: ['b'] }), step('b')])).rejects.toThrow('not above');
    await expect(walk([step('a'), step('a')])).rejects.toThrow('two steps');
  });

  test('a pool is never fuller than it may be, every step runs once, and nothing runs before what it waits for', async () => {
    const limits = ['network', 'cpu', 'disk', undefined] as const;
    const drawn = fc.array(
      fc.record({
        limit: fc.constantFrom(...limits),
        after: fc.array(fc.nat(30), { maxLength: 3 }),
        ticks: fc.nat(3),
      }),
      { minLength: 1, maxLength: 25 },
    );
    const pools = fc.record({
      network: fc.integer({ min: 1, max: 3 }),
      cpu: fc.constant(1),
      disk: fc.constant(2),
    });
    await fc.assert(
      fc.asyncProperty(drawn, pools, async (plan, size) => {
        const busy = { network: 0, cpu: 0, disk: 0 };
        const ended = new Set<string>();
        const steps = plan.map(({ limit, after, ticks }, at) => {
          const above = [...new Set(after.filter((other) => other < at))].map(String);
          const run = async () => {
            for (const id of above) expect(ended).toContain(id);
            if (limit !== undefined) expect((busy[limit] += 1)).toBeLessThanOrEqual(size[limit]);
            for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
            if (limit !== undefined) busy[limit] -= 1;
            expect(ended).not.toContain(String(at));
            ended.add(String(at));
          };
          return step(String(at), run, { after: above, ...(limit === undefined ? {} : { limit }) });
        });
        const { failure, outcomes } = await walk(steps, { pools: size });
        expect(failure).toBeUndefined();
        expect(new Set(Object.values(outcomes))).toEqual(new Set(['done']));
        expect(ended.size).toBe(plan.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe('when a step fails', () => {
  test('what runs may end, and nothing new begins', async () => {
    const { outcomes, failure, story, ends } = await walk([
      step('slow', () => sleep(40)),
      step('bad', async () => {
        await sleep(5);
        throw new Error('broke');
      }),
      step('next', undefined, { after: ['slow'] }),
      step('after', undefined, { after: ['bad'] }),
    ]);
    expect(outcomes).toEqual({ slow: 'done', bad: 'failed', next: 'skipped', after: 'skipped' });
    expect(failure?.step.id).toBe('bad');
    expect(failure?.error).toMatchObject({ message: 'broke' });
    expect(story).toEqual(['started slow', 'started bad', 'done slow']);
    expect(ends.find(({ step: id }) => id === 'bad')?.reason).toBe('broke');
  });

  test('the first failure is told, also if others fail meanwhile', async () => {
    const failing = (id: string, ms: number) =>
      step(id, async () => {
        await sleep(ms);
        throw new Error(id);
      });
    const { failure, outcomes } = await walk([failing('late', 30), failing('early', 5)]);
    expect(failure?.step.id).toBe('early');
    expect(outcomes).toEqual({ late: 'failed', early: 'failed' });
  });

  test('a pool that was full is free again for nobody', async () => {
    const bad = step('bad', () => Promise.reject(new Error('x')), { limit: 'cpu' });
    const next = step('next', undefined, { limit: 'cpu' });
    const { outcomes } = await walk([bad, next], { pools: { network: 1, cpu: 1, disk: 1 } });
    expect(outcomes).toEqual({ bad: 'failed', next: 'skipped' });
  });
});

describe('when the run is interrupted', () => {
  test('running steps are, if they obey; what comes after is skipped', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 15);
    const { outcomes, failure, marks } = await walk(
      [
        step('obeys', ({ signal }) => sleep(5000, undefined, { signal })),
        step('ends anyway', () => sleep(30)),
        step('next', undefined, { after: ['ends anyway'] }),
      ],
      { controller },
    );
    expect(outcomes).toEqual({ obeys: 'interrupted', 'ends anyway': 'done', next: 'skipped' });
    expect(failure?.step.id).toBe('obeys');
    expect(marks['ends anyway']?.state).toBe('done');
    expect(marks['obeys']?.state).toBe('started');
  });

  test('before it began, nothing is touched', async () => {
    const controller = new AbortController();
    controller.abort();
    const { outcomes, story } = await walk([step('a'), step('b')], { controller });
    expect(outcomes).toEqual({ a: 'skipped', b: 'skipped' });
    expect(story).toEqual([]);
  });
});
