// The guide of an environment: everything to work in it by hand, each command copyable.
import type { Guide } from '../../operations/guide.ts';
import { table } from '../layout.ts';
import { quoted } from '../../quoted.ts';
import { tilde, type Look } from '../style.ts';

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
    ...title('Daemons, each in a terminal of its own'),
    ...guide.daemons.flatMap((daemon) => [
      `  ${daemon.component}`,
      `    cd ${short(daemon.folder)}`,
      `    ${daemon.command.map(quoted).join(' ')}`,
    ]),
    ...title('The same without pyenv: its python by path'),
    ...indented(guide.daemons.map(({ component, python }) => [component, short(python)])),
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
    `    cd ${short(guide.client.folder)}`,
    ...(file === undefined
      ? []
      : [`    source ${file}${admin === undefined ? '' : `   # as ${admin.email}`}`]),
    ...[guide.client.users, guide.client.agents, guide.client.hello].map(
      (command) => `    backend.ai ${command.map(quoted).join(' ')}`,
    ),
    ...(guide.client.files.length > 1 ? [`  Others: ${guide.client.files.slice(1).join(', ')}`] : []),
    ...title('Sources'),
    ...indented(
      guide.sources.map(({ tree, source, ref, address }) => [
        tree,
        ref,
        source === 'pypi' ? `PyPI’s ${address}, as a repository of one commit` : short(address),
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
    ...title('Halfstack'),
    guide.halfstack.file === undefined
      ? `    bai-dev logs ${guide.id} postgres`
      : `    docker compose -f ${short(guide.halfstack.file)} -p ${guide.id} ps`,
    ...title('Log'),
    `    ${short(guide.log)}`,
  ];
}
