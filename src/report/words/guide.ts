// The guide of an environment: everything to work in it by hand, each command copyable.
import type { Guide, GuideDaemon } from '../../operations/guide.ts';
import { table, widthOf, wrap } from '../layout.ts';
import { quoted } from '../../quoted.ts';
import { shellPath, tilde, type Look } from '../style.ts';

/** The whole guide, paths with `~`. */
export function guideScreen(guide: Guide, look: Look): string[] {
  const { paint, home } = look;
  const short = (path: string): string => tilde(path, home);
  const title = (text: string): string[] => ['', paint('strong', text)];
  const indented = (rows: readonly (readonly string[])[]): string[] => table(rows).map((line) => `  ${line}`);
  const [admin] = guide.accounts;
  const file = guide.client.files[0];
  const { postgres, redis, etcd } = guide.halfstack.ports;
  return [
    paint('strong', `${guide.id} · ${guide.title}`),
    ...(guide.phase === 'ready'
      ? []
      : [`  It is not ready (${guide.phase}).   bai-dev install -e ${guide.id}   continues.`]),
    ...title('Halfstack'),
    ...commandOr(guide.halfstack.start, guide.halfstack.unavailable),
    ...title('Daemons, each in a terminal of its own; the manager first'),
    ...guide.daemons.flatMap((daemon) =>
      daemon.unavailable === undefined
        ? [
            `  ${daemon.component}`,
            `    cd ${shellPath(daemon.folder, home)}`,
            ...broken(daemonCommand(daemon, home), look.width),
          ]
        : [`  ${daemon.component} cannot run: ${daemon.unavailable}`],
    ),
    ...title('Addresses'),
    ...indented([
      ['Web UI', guide.urls.web],
      ['Manager', guide.urls.manager],
      ['PostgreSQL', `127.0.0.1:${postgres}`],
      ['Redis', `127.0.0.1:${redis}`],
      ['etcd', `127.0.0.1:${etcd}`],
    ]),
    ...title("Accounts, upstream's public examples"),
    ...indented(guide.accounts.map(({ email, password, role }) => [email, password, role])),
    ...title('Client'),
    `    cd ${shellPath(guide.client.folder, home)}`,
    ...(file === undefined
      ? []
      : [`    source ${file}${admin === undefined ? '' : `   # as ${admin.email}`}`]),
    ...[guide.client.users, guide.client.agents, ...(guide.client.hello ? [guide.client.hello] : [])].flatMap(
      (command) => broken([shellPath(guide.client.program, home), command.map(quoted).join(' ')], look.width),
    ),
    ...(guide.client.files.length > 1
      ? wrap(`Others: ${guide.client.files.slice(1).join(', ')}`, look.width - 3).map((line) => `  ${line}`)
      : []),
    ...title('Sources'),
    ...indented(
      guide.sources.map(({ tree, source, ref, address }) => [
        tree,
        ref,
        source === 'pypi' ? `PyPI: ${address}` : short(address),
      ]),
    ),
    ...(guide.accelerator === undefined
      ? []
      : [
          ...title('GPUs'),
          `  ${guide.accelerator.plugin} offers ${guide.accelerator.slot}; bai-dev status ${guide.id} tells what of it there is.`,
          ...(guide.accelerator.remark === undefined ? [] : [`  ${guide.accelerator.remark}`]),
          ...guide.accelerator.files.map((path) => `  Its settings: ${short(path)}`),
        ]),
    ...title('To stop: Ctrl-C in each terminal, then the halfstack'),
    ...commandOr(guide.halfstack.stop, guide.halfstack.unavailable),
    ...title('Files'),
    ...indented([
      ...(guide.halfstack.file === undefined ? [] : [['compose', short(guide.halfstack.file)]]),
      ['log', short(guide.log)],
    ]),
  ];
}

const commandOr = (command: readonly string[] | undefined, trouble: string | undefined): string[] =>
  command === undefined
    ? [`  It cannot be started: ${trouble ?? ''}`]
    : [`    ${command.map(quoted).join(' ')}`];

/** A long command goes on below, as a shell reads it. */
function broken([program, args]: readonly [string, string], width: number): string[] {
  const whole = `    ${program} ${args}`;
  return widthOf(whole) < width ? [whole] : [`    ${program} \\`, `      ${args}`];
}

/** By the path of its virtualenv, so that it works whether pyenv is active or not. */
function daemonCommand(
  { variables, python, command: [, ...args] }: GuideDaemon,
  home: string,
): [string, string] {
  const assigned = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  return [[...assigned, shellPath(python, home)].join(' '), args.map(quoted).join(' ')];
}
