// The rules of the house (architecture sections 4, 5, 14, 15): each a line of a table that names file and rule,
// and each shown to catch an offence.
import { execFileSync } from 'node:child_process';
import { basename, dirname } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { declarations, lineOf, literals, parseCode, readCode, usesOf, visit, type Code } from './rig/code.ts';
import { repository } from './rig/world.ts';

interface Rule {
  readonly rule: string;
  readonly in: 'src' | 'test' | 'both';
  /** What is wrong in a file; empty if nothing is. */
  readonly offences: (code: Code) => readonly string[];
  /** A file that breaks the rule. */
  readonly example: readonly [path: string, text: string];
}

/** The doors: who may import a package or a part of Node. */
const doors: readonly (readonly [what: RegExp, only: RegExp])[] = [
  [/^commander$/, /^src\/cli\//],
  [/^(inquirer|@inquirer\/.*)$/, /^src\/cli\/ask\.ts$/],
  [/^(chalk|ora)$/, /^src\/report\/tty\.ts$/],
  [/^execa$/, /^src\/host\/exec\.ts$/],
  [/^simple-git$/, /^src\/host\/git\.ts$/],
  [/^undici$/, /^src\/host\/http\.ts$/],
  [/^tar$/, /^src\/host\/(archive|packed)\.ts$/],
  [/^fflate$/, /^src\/host\/archive\.ts$/],
  [/^dockerode$/, /^src\/docker\//],
  [/^yaml$/, /^src\/(release\/catalogue|halfstack\/compose|cli\/settings)\.ts$/],
  [/^pg(\/.*)?$/, /^src\/halfstack\/postgres\.ts$/],
  [/^@peculiar\/x509$/, /^src\/environment\/secrets\.ts$/],
  [/^node:(fs|child_process|net|http|https|tls|dgram)(\/.*)?$/, /^src\/host\//],
  [/^node:process$/, /^src\/bin\.ts$/],
];

/** Who stands above whom: a file imports from its own floor or from below. */
const floors: readonly (readonly [where: RegExp, floor: number])[] = [
  [/^src\/bin\.ts$/, 9],
  [/^src\/main\.ts$/, 8],
  [/^src\/cli\//, 7],
  [/^src\/operations\//, 6],
  [/^src\/(steps|prechecks|contribute)\//, 5],
  [/^src\/(halfstack|daemons|source|python|resources|environment)\//, 4],
  [/^src\/release\//, 3],
  [/^src\/docker\//, 2],
  [/^src\/host\//, 1],
  [/^src\/(failure\.ts|world\.ts|quoted\.ts|defined\.ts|credentials\.ts|report\/events\.ts|plan\/)/, 0],
];

/** Imports that the floors would allow and the house does not, and the other way round. */
function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  const isReporter = (path: string): boolean =>
    path.startsWith('src/report/') && path !== 'src/report/events.ts';
  // It says what came of a command, so it may know what that looks like.
  if (isReporter(from)) return isReporter(to) || floorOf(to) === 0 || (typeOnly && floorOf(to) <= 6);
  // Only those who choose a reporter know one.
  if (isReporter(to)) return /^src\/(main\.ts|cli\/)/.test(from);
  const rooms = [from, to].map(roomOf);
  if (floorOf(from) === 5 && floorOf(to) === 5) return rooms[0] === rooms[1];
  if (floorOf(from) === 0 && rooms[0] === 'plan' && to === 'src/world.ts') return false;
  return floorOf(to) <= floorOf(from);
}

const unwelcome = /^(utils?|helpers?|common|misc|handlers?|info)$/;

const rules: readonly Rule[] = [
  {
    rule: 'imports go from above to below (section 5)',
    in: 'src',
    offences: (code) =>
      code.imports.flatMap(({ file, typeOnly }) =>
        file === undefined || mayImport(code.path, file, typeOnly) ? [] : [`imports ${file}`],
      ),
    example: ['src/steps/bad.ts', "import { install } from '../operations/install.ts';"],
  },
  {
    rule: 'every package and every part of Node that touches the machine has one door (section 5)',
    in: 'src',
    offences: (code) =>
      code.imports.flatMap(({ from, typeOnly }) => {
        const door = doors.find(([what]) => what.test(from));
        return door === undefined || typeOnly || door[1].test(code.path) ? [] : [`imports ${from}`];
      }),
    example: ['src/steps/bad.ts', "import { readFile } from 'node:fs/promises';"],
  },
  {
    rule: 'our own files are imported by their whole name, Node by node:',
    in: 'both',
    offences: (code) =>
      code.imports.flatMap(({ from }) => {
        if (from.startsWith('.')) return /\.(ts|mjs|json)$/.test(from) ? [] : [`imports ${from}`];
        return /^(fs|path|os|net|http|child_process|crypto|url|util)(\/|$)/.test(from)
          ? [`imports ${from}`]
          : [];
      }),
    example: ['src/steps/bad.ts', "import { thing } from './thing';"],
  },
  {
    rule: 'process belongs to bin.ts; process.kill and process.pid also to host/',
    in: 'src',
    offences: (code) =>
      code.path === 'src/bin.ts'
        ? []
        : usesOf(code, 'process').flatMap((use) => {
            const { parent } = use;
            const member = ts.isPropertyAccessExpression(parent) ? parent.name.text : '';
            if (code.path.startsWith('src/host/') && ['kill', 'pid'].includes(member)) return [];
            return [`line ${lineOf(code, use)}: process.${member}`];
          }),
    example: ['src/cli/bad.ts', 'export const home = process.env.HOME;'],
  },
  {
    rule: 'nobody but the reporters uses console',
    in: 'src',
    offences: (code) =>
      code.path.startsWith('src/report/')
        ? []
        : usesOf(code, 'console').map((use) => `line ${lineOf(code, use)}`),
    example: ['src/cli/bad.ts', "console.log('x');"],
  },
  {
    rule: 'no default exports, no barrels',
    in: 'both',
    offences: (code) =>
      code.tree.statements.flatMap((statement) => {
        const isDefault =
          ts.isExportAssignment(statement) ||
          (ts.canHaveModifiers(statement) &&
            (ts.getModifiers(statement) ?? []).some((one) => one.kind === ts.SyntaxKind.DefaultKeyword));
        const isBarrel =
          ts.isExportDeclaration(statement) && statement.moduleSpecifier && !statement.exportClause;
        return isDefault || isBarrel ? [`line ${lineOf(code, statement)}`] : [];
      }),
    example: ['src/cli/bad.ts', 'export default function bad() {}'],
  },
  {
    rule: 'files and folders have plain lower-case names that say what is in them',
    in: 'both',
    offences: (code) =>
      code.path
        .replace(/(\.test)?\.ts$/, '')
        .split('/')
        .filter((part) => unwelcome.test(part) || !/^[a-z0-9][a-z0-9-]*$/.test(part)),
    example: ['src/cli/utils.ts', ''],
  },
  {
    rule: 'a source file has at most 350 lines',
    in: 'src',
    offences: (code) => (code.lines > 350 ? [`${code.lines} lines`] : []),
    example: ['src/cli/bad.ts', 'export {};\n'.repeat(351)],
  },
  {
    rule: 'a file begins with a comment that says what it is for',
    in: 'src',
    offences: (code) => (/^(#!.*\n)?\/\/ \S.{10,}/.test(code.text) ? [] : ['no comment at its top']),
    example: ['src/cli/bad.ts', "import { join } from 'node:path';"],
  },
  {
    rule: 'a function takes at most three parameters',
    in: 'src',
    offences: (code) => {
      const found: string[] = [];
      visit(code.tree, (node) => {
        if (ts.isFunctionLike(node) && node.parameters.length > 3) found.push(`line ${lineOf(code, node)}`);
      });
      return found;
    },
    example: ['src/cli/bad.ts', 'export const f = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d];'],
  },
  {
    rule: 'nothing of ours is called manager, helper, util, handler or info',
    in: 'src',
    offences: (code) =>
      declarations(code).flatMap(({ name, node }) => {
        const words = name.split(/(?=[A-Z])|[_\d]+/).map((word) => word.toLowerCase());
        // the manager is a component: asking it is no sin, being one is
        const manages =
          /Manager$/.test(name) && !ts.isFunctionDeclaration(node) && !ts.isVariableStatement(node);
        return manages || words.some((word) => unwelcome.test(word)) ? [name] : [];
      }),
    example: ['src/cli/bad.ts', 'export class InstallManager {}'],
  },
  {
    rule: 'exported functions have a contract above them',
    in: 'src',
    offences: (code) =>
      code.tree.statements.flatMap((statement) => {
        if (!ts.isFunctionDeclaration(statement)) return [];
        const isExported = (statement.modifiers ?? []).some(
          (one) => one.kind === ts.SyntaxKind.ExportKeyword,
        );
        const above = ts.getLeadingCommentRanges(code.text, statement.getFullStart()) ?? [];
        const hasContract = above.some(({ pos }) => code.text.startsWith('/**', pos));
        return isExported && !hasContract ? [statement.name?.text ?? ''] : [];
      }),
    example: ['src/cli/bad.ts', 'export function bad() {}'],
  },
  {
    rule: 'code knows no release by its name: what is particular to one is data',
    in: 'src',
    offences: (code) =>
      literals(code).flatMap(({ text, node }) =>
        /^2\d\.?(03|09)$/.test(text) ? [`line ${lineOf(code, node)}: ${text}`] : [],
      ),
    example: ['src/cli/bad.ts', "export const newest = '21.09';"],
  },
  {
    rule: 'no sentence shouts, begs or congratulates itself',
    in: 'src',
    offences: (code) =>
      literals(code).flatMap(({ text, node }) =>
        /\p{L}!(\s|$)|\bplease\b|\bsuccessful/iu.test(text) ? [`line ${lineOf(code, node)}: ${text}`] : [],
      ),
    example: ['src/cli/bad.ts', "export const words = 'Please wait';"],
  },
  {
    rule: 'tests replace no modules, and none is left out or picked out',
    in: 'test',
    offences: (code) => {
      const found: string[] = [];
      visit(code.tree, (node) => {
        if (!ts.isCallExpression(node)) return;
        const called = node.expression.getText(code.tree);
        if (/^(vi\.(mock|doMock|hoisted)|(it|test|describe)\.(skip|only|todo))$/.test(called))
          found.push(called);
      });
      return found;
    },
    example: ['test/cli/bad.test.ts', "vi.mock('./x.ts');"],
  },
];

const files = trackedFiles();
const codes = files
  .filter((path) => /^(src|test)\/.*\.ts$/.test(path))
  .map((path) => readCode(repository, path));

describe.each(rules)('$rule', ({ in: where, offences, example }) => {
  it('is kept by every file', () => {
    const broken = codes
      .filter(({ path }) => where === 'both' || path.split('/')[0] === where)
      .flatMap((code) => offences(code).map((offence) => `${code.path}: ${offence}`));
    expect(broken).toEqual([]);
  });

  it('catches an offence', () => {
    expect(offences(parseCode(...example))).not.toEqual([]);
  });
});

describe('the house as a whole', () => {
  it('has at its top what the architecture names, and nothing else', () => {
    const visible = ['CHANGELOG.md', 'LICENSE', 'README.md', 'changes', 'fixtures', 'package-lock.json'];
    visible.push('package.json', 'src', 'templates', 'test', 'tsconfig.json');
    const tops = [...new Set(files.map((path) => path.split('/')[0] ?? ''))].sort();
    expect(tops.filter((name) => !name.startsWith('.'))).toEqual(visible.sort());
    const hidden = /^\.(ci|tooling|gitignore|gitattributes|npmrc|prettierignore)$/;
    expect(tops.filter((name) => name.startsWith('.') && !hidden.test(name))).toEqual([]);
  });

  it('has a source file for every test', () => {
    const orphans = files
      .filter((path) => /^test\/.*\.test\.ts$/.test(path) && !/^test\/(rig|flows|real|bench)\//.test(path))
      .filter((path) => path !== 'test/house.test.ts')
      .filter((path) => !files.includes(path.replace(/^test/, 'src').replace(/\.test\.ts$/, '.ts')));
    expect(orphans).toEqual([]);
  });

  it('has only rooms that the architecture names', () => {
    const known = new Set(floors.flatMap(([where]) => where.source.match(/[a-z]+/g) ?? []));
    known.add('report');
    const rooms = new Set(
      files.filter((path) => path.startsWith('src/') && dirname(path) !== 'src').map(roomOf),
    );
    expect([...rooms].filter((room) => !known.has(room))).toEqual([]);
  });

  it('has no file that needs itself', () => {
    expect(cycles()).toEqual([]);
  });
});

function floorOf(path: string): number {
  return floors.find(([where]) => where.test(path))?.[1] ?? Number.NaN;
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? basename(path);
}

/** Files of the commit to come: what git tracks, and what it would. */
function trackedFiles(): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const listed = execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).split('\0');
  const gone = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: repository, encoding: 'utf8' });
  const deleted = new Set(gone.split('\0'));
  return listed.filter((path) => path !== '' && !deleted.has(path));
}

/** Circles of imports that remain once types are stripped, each told once. */
function cycles(): readonly string[] {
  const needs = new Map(
    codes.map(({ path, imports }) => [path, imports.filter((one) => !one.typeOnly).map((one) => one.file)]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, above: readonly string[]): void => {
    if (above.includes(path)) found.push([...above.slice(above.indexOf(path)), path].join(' → '));
    if (above.includes(path) || done.has(path)) return;
    for (const next of needs.get(path) ?? []) if (next !== undefined) walk(next, [...above, path]);
    done.add(path);
  };
  for (const path of needs.keys()) walk(path, []);
  return found;
}
