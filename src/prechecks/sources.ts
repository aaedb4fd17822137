// Can every tree be had from where it is wanted? Turns the answers of the repositories into findings.
import type { NextCommand } from '../failure.ts';
import type { Release, Tree } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { Trouble } from '../source/choose.ts';
import type { Checked, Draft, DraftSource } from './draft.ts';

/** One finding for what can be had, and one for each cause why trees cannot; where PyPI stands in is no trouble. */
export function checkSources({
  sources,
  id,
  release,
  change = false,
}: Pick<Draft, 'sources' | 'id' | 'release'> & { readonly change?: boolean }): Checked<never> {
  const install = change
    ? `bai-dev install -e ${id} --change`
    : `bai-dev install -e ${id} --release ${release.version}`;
  const blockers = groupsOf(sources, release).map((group) => blocker(group, { release, sources, install }));
  const cloned = sources.filter(({ source }) => source?.source === 'git').length;
  const title = cloned === 1 ? '1 repository answers' : `${cloned} repositories answer`;
  const found: readonly Finding[] = cloned === 0 ? [] : [{ id: 'source.git', severity: 'ok', title }];
  return { findings: [...found, ...blockers] };
}

type Broken = Omit<DraftSource, 'source'> & { readonly trouble: Trouble };

/** Trees that one cause and one command are enough for, in their order. */
interface Group {
  readonly first: Broken;
  readonly trees: readonly string[];
}

function groupsOf(sources: readonly DraftSource[], release: Release): readonly Group[] {
  const groups = new Map<string, Broken[]>();
  for (const { source, trouble, ...rest } of sources) {
    if (source !== undefined) continue;
    if (trouble === undefined) throw new Error(`${rest.tree} has neither a source nor a trouble`);
    const { kind, reason } = trouble;
    const isName = kind === 'ref' || kind === 'ambiguous';
    const published = release.trees[rest.tree]?.package !== undefined;
    const cause = isName ? [rest.ref, ...rest.nearest] : [reason, String(published)];
    const key = [kind, ...cause].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), { ...rest, trouble }]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    return first === undefined ? [] : [{ first, trees: members.map(({ tree }) => tree) }];
  });
}

interface Known {
  readonly release: Release;
  readonly sources: readonly DraftSource[];
  readonly install: string;
}

function blocker({ first, trees }: Group, known: Known): Finding {
  const { ref, trouble, nearest } = first;
  const { release, install } = known;
  const names = trees.join(', ');
  const one = trees.length === 1;
  const more = one || trouble.kind === 'network' ? '' : ' The others likewise.';
  const finding = (what: string, title: string, next: Finding['next']): Finding => ({
    id: `source.${what}`,
    severity: 'blocker',
    title: `${names}: ${title}`,
    reason: `${trouble.reason}${more}${unpublished(trees, release)}`,
    ...(next === undefined ? {} : { next }),
  });
  const elsewhere = {
    purpose: one ? 'name another' : 'name a place that holds them',
    command: one ? `${install} --repository ${first.tree}=ADDRESS` : `${install} --repositories PLACE`,
  };
  const [nearestName] = nearest;
  const named = nearest.map((name) => ({
    purpose: name === nearestName ? 'take the nearest' : 'or',
    command: [install, ...trees.map((tree) => `--ref ${tree}=${name}`)].join(' '),
  }));
  const pypi = fromPypi(trees, known);
  switch (trouble.kind) {
    case 'ref':
      return finding('ref', `no branch or tag ${JSON.stringify(ref)}`, named.length === 0 ? [pypi] : named);
    case 'ambiguous':
      return finding('ref', `${JSON.stringify(ref)} means two things`, named);
    case 'access':
      return finding('access', `no way into ${one ? 'its repository' : 'their repositories'}`, [
        ...(trouble.next ?? []),
        pypi,
      ]);
    case 'repository':
      return finding('repository', 'no repository', [elsewhere, pypi]);
    case 'network': {
      const title = one ? 'its repository does not answer' : 'their repositories do not answer';
      return finding('network', title, [pypi, elsewhere]);
    }
  }
}

/** What was asked, where no package can stand in for it. */
function unpublished(trees: readonly string[], { trees: all, version }: Release): string {
  const alone = trees.filter((tree) => all[tree]?.package === undefined);
  const places = alone.flatMap((tree) => all[tree]?.repository ?? []);
  return alone.length === 0
    ? ''
    : ` It was asked for at ${places.join(', ')}. For ${version} PyPI has no package of it, only for later releases.`;
}

/** The command that takes trees from PyPI, without the options that only a repository can obey. */
function fromPypi(trees: readonly string[], { release, sources, install }: Known): NextCommand {
  if (trees.every((tree) => release.trees[tree]?.package === undefined)) {
    return {
      purpose: 'do without it',
      command: install,
      without: ['enable-cuda', 'enable-cuda-mock', 'cuda-branch'],
    };
  }
  const published = trees.filter((tree) => release.trees[tree]?.package !== undefined);
  const lines = (['server', 'client', 'cuda'] as const).filter((line) => {
    const ofLine = Object.keys(release.trees).filter((tree) => release.trees[tree]?.line === line);
    return ofLine.length > 0 && ofLine.every((tree) => published.includes(tree));
  });
  const rest = sources.filter(({ tree, source }) => !trees.includes(tree) && source?.source !== 'pypi');
  const without = [
    ...lines.map((line: Tree['line']) => `${line}-branch`),
    ...(rest.length === 0 ? ['ref', 'repository', 'repositories'] : []),
  ];
  const all = rest.length === 0 && published.length > 1;
  const options = all ? ['--source pypi'] : published.map((tree) => `--source ${tree}=pypi`);
  return {
    purpose: `take ${all ? 'all' : published.join(', ')} from PyPI, as of ${release.version}`,
    command: [install, ...options].join(' '),
    ...(without.length === 0 ? {} : { without }),
  };
}
