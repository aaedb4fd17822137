// What was said about where the trees come from: in general, per component, and by the options of the scripts.
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import type { SourceKind, SourceWishes, TreeWishes } from '../operations/sources.ts';
import { addressOf, type Base } from '../source/address.ts';
import { refFault } from '../source/refname.ts';
import type { Values } from './settings.ts';

/** Values by component; `general` is for all that none names. */
export interface Named<T> {
  readonly general?: T;
  readonly trees: Readonly<Record<string, T>>;
}

const kinds: readonly SourceKind[] = ['git', 'pypi', 'auto'];

/** `git`, `agent=pypi`, or several of them. */
export function sourceValue(text: string): Named<SourceKind> {
  return named(text, (word) => {
    const found = kinds.find((kind) => kind === word);
    return found ?? bad(`${JSON.stringify(word)} is not offered; there is ${kinds.join(', ')}.`);
  });
}

/** `agent=21.03`, or several of them. */
export function refValue(text: string): Readonly<Record<string, string>> {
  return onlyNamed(named(text, branchValue), 'agent=21.03');
}

/** The name of a branch, tag or commit that git could have. */
export function branchValue(text: string): string {
  const fault = refFault(text);
  return fault === undefined ? text : bad(`${JSON.stringify(text)} is no branch, tag or commit: ${fault}.`);
}

/** `agent=https://host/agent.git`, or several of them. */
export function repositoryValue(text: string, base: Base): Readonly<Record<string, string>> {
  return onlyNamed(
    named(text, (address) => repositoriesValue(address, base)),
    'agent=https://github.com/somebody/backend.ai-agent',
  );
}

/** An address or a folder. */
export function repositoriesValue(text: string, base: Base): string {
  const relative = base.folder === undefined ? ' A folder must begin with / or ~/ here.' : '';
  const address = addressOf(text, base);
  return address ?? bad(`${JSON.stringify(text)} is no address of a repository.${relative}`);
}

/** What --cuda-branch of the scripts means a plugin of its own by. */
export const mockBranch = 'mock';

/** All of it together; undefined if nothing was said. */
export function sourceWishes(values: Values): SourceWishes | undefined {
  const { source, ref = {}, repository = {}, repositories } = values;
  const names = new Set([source?.trees ?? {}, ref, repository].flatMap((table) => Object.keys(table)));
  const trees = [...names].map((name): [string, TreeWishes] => [
    name,
    defined({ source: source?.trees[name], ref: ref[name], repository: repository[name] }),
  ]);
  const wishes = defined({
    source: source?.general,
    serverBranch: values['server-branch'],
    clientBranch: values['client-branch'],
    // of the scripts: another plugin rather than a branch
    cudaBranch: values['cuda-branch'] === mockBranch ? undefined : values['cuda-branch'],
    repositories,
  });
  if (trees.length === 0 && Object.keys(wishes).length === 0) return undefined;
  return { ...wishes, trees: Object.fromEntries(trees) };
}

/** Several are on lines of their own, or apart by spaces or commas where a new name begins. */
function named<T>(text: string, parse: (word: string) => T): Named<T> {
  const trees: Record<string, T> = {};
  let general: T | undefined;
  for (const entry of text.trim().split(/\n|[\s,]+(?=[a-z][a-z0-9-]*=)/)) {
    const [, name, rest = entry] = /^([a-z][a-z0-9-]*)=(.*)$/s.exec(entry) ?? [];
    if (name === undefined ? general !== undefined : Object.hasOwn(trees, name)) {
      bad(`${name ?? 'the general value'} is said twice.`);
    }
    const value = parse(rest);
    if (name === undefined) general = value;
    else trees[name] = value;
  }
  return { ...(general === undefined ? {} : { general }), trees };
}

function onlyNamed<T>({ general, trees }: Named<T>, example: string): Readonly<Record<string, T>> {
  return general === undefined ? trees : bad(`the component is missing, as in ${example}.`);
}

function bad(why: string): never {
  throw new Failure('BAI-USAGE', why);
}
