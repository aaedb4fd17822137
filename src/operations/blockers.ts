// What speaks against an environment on this machine, as one failure.
import { Failure } from '../failure.ts';
import type { Finding } from '../report/events.ts';

/** Throws `BAI-PRECHECK` if there is a blocker among the findings. */
export function assertNoBlocker(id: string, findings: readonly Finding[]): void {
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  if (blockers.length === 0) return;
  throw new Failure(
    'BAI-PRECHECK',
    `This machine cannot hold ${id} yet: ${blockers.map(({ title }) => title).join('; ')}.`,
    {
      facts: { findings: blockers },
      next: blockers.flatMap(({ next }) => next ?? []),
    },
  );
}
