// Can every tree be had from where it is wanted? Turns the answers of the repositories into findings.
import type { Release } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { Checked, Draft, DraftSource } from './draft.ts';

/** One finding for what can be had, and one for each tree that cannot; where PyPI stands in is no trouble. */
export function checkSources({
  sources,
  id,
  release,
  change = false,
}: Pick<Draft, 'sources' | 'id' | 'release'> & { readonly change?: boolean }): Checked<never> {
  const command = change
    ? `bai-dev install -e ${id} --change`
    : `bai-dev install -e ${id} --release ${release.version}`;
  const blockers = sources.flatMap(({ source, ...answer }) =>
    source === undefined ? [blocker(answer, release, command)] : [],
  );
  const cloned = sources.filter(({ source }) => source?.source === 'git').length;
  const title = cloned === 1 ? '1 repository answers' : `${cloned} repositories answer`;
  const found: readonly Finding[] = cloned === 0 ? [] : [{ id: 'source.git', severity: 'ok', title }];
  return { findings: [...found, ...blockers] };
}

function blocker({ tree, ref, trouble, nearest }: DraftSource, release: Release, install: string): Finding {
  if (trouble === undefined) throw new Error(`${tree} has neither a source nor a trouble`);
  const finding = (what: string, title: string, next: Finding['next']): Finding => ({
    id: `source.${what}`,
    severity: 'blocker',
    title: `${tree}: ${title}`,
    reason: trouble.reason,
    ...(next === undefined ? {} : { next }),
  });
  const [first] = nearest;
  const fromPypi =
    release.trees[tree]?.package === undefined
      ? { purpose: 'do without it', command: install }
      : { purpose: `take ${tree} from PyPI`, command: `${install} --source ${tree}=pypi` };
  const named = nearest.map((name) => ({
    purpose: name === first ? 'take the nearest' : 'or',
    command: `${install} --ref ${tree}=${name}`,
  }));
  switch (trouble.kind) {
    case 'ref':
      return finding(
        'ref',
        `no branch or tag ${JSON.stringify(ref)}`,
        named.length === 0 ? [fromPypi] : named,
      );
    case 'ambiguous':
      return finding('ref', `${JSON.stringify(ref)} means two things`, named);
    case 'access':
      return finding('access', 'no way into its repository', [...(trouble.next ?? []), fromPypi]);
    case 'repository':
      return finding('repository', 'no repository', [
        { purpose: 'name another', command: `${install} --repository ${tree}=ADDRESS` },
        fromPypi,
      ]);
    case 'network':
      return finding('network', 'its repository does not answer', [fromPypi]);
  }
}
