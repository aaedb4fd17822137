// What the tests of prechecks share: something that is wanted, and what a precheck said about it.
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseId } from '../../src/environment/id.ts';
import type { Checked, Draft } from '../../src/prechecks/draft.ts';
import { published } from '../../src/release/release.ts';
import { sampleRelease } from '../environment/sample.ts';
import type { Sandbox } from '../rig/world.ts';

/** A base of ports near which neither tests nor servers of this machine are. */
export const quiet = 26_000;

/** A wish that a sandbox can grant. */
export const draftIn = (box: Sandbox): Draft => ({
  id: parseId('mine'),
  installPath: join(box.folder, 'install'),
  release: sampleRelease,
  ports: { base: quiet, single: {} },
  index: 'https://example.test/simple',
  sources: Object.entries(sampleRelease.trees).map(([tree, entry]) => {
    const { name, version } = published(entry).package;
    return { tree, ref: version, source: { source: 'pypi', ref: version, address: name }, nearest: [] };
  }),
});

/** `id severity` of every finding; a blocker always says why and what to do. */
export async function said(checked: Promise<Checked<unknown>>): Promise<string[]> {
  const { findings } = await checked;
  for (const { severity, reason, next } of findings.filter((finding) => finding.severity === 'blocker')) {
    expect({ severity, reason: reason !== undefined, next: next?.length !== 0 }).toEqual({
      severity: 'blocker',
      reason: true,
      next: true,
    });
  }
  return findings.map(({ id, severity }) => `${id} ${severity}`);
}
