// What is said of environments that were removed: how much went, what stays, and where saved things lie.
import type { UserFiles } from '../../environment/user-files.ts';
import type { DeleteResult } from '../../operations/delete.ts';
import { apart } from '../layout.ts';
import { bytes, count, duration, tilde, type Look } from '../style.ts';

/** One part for each environment. */
export function deletionScreen(results: readonly DeleteResult[], look: Look): string[] {
  if (results.length === 0) return ['There is no environment.'];
  return results.flatMap((result, at) => [...(at === 0 ? [] : ['']), ...oneScreen(result, look)]);
}

function oneScreen(result: DeleteResult, look: Look): string[] {
  const { id, outcome, removed, kept, namesakes, work = [], files = [], seconds } = result;
  const { paint, marks } = look;
  const list = (title: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : ['', `  ${title}`, ...names.map((name) => `  ${marks.dot} ${name}`)];
  if (outcome === 'planned') {
    return [
      `Deleting ${id} would remove ${count(removed.length, 'thing')}:`,
      '',
      ...removed.map((name) => `  ${marks.dot} ${name}`),
      ...list('These would be saved first:', [
        ...work,
        ...files.filter(({ goes }) => goes).map((one) => placeLine(one)),
      ]),
      ...list('These would stay:', [...kept, ...staying(files)]),
      ...list(foreign, namesakes),
      '',
      '  Nothing has been removed.',
    ];
  }
  const head = paint('strong', outcome === 'reduced' ? `${id} is partly deleted.` : `${id} is deleted.`);
  const sum = paint('faint', `${count(removed.length, 'thing')} removed in ${duration(seconds)}`);
  return [
    apart(head, sum, Math.min(look.width, 80)) ?? head,
    ...list('These stay:', [...kept, ...staying(files)]),
    ...list(foreign, namesakes),
    ...savedLines(result, look),
    ...(outcome === 'reduced'
      ? [
          '',
          `  Make the rest again   bai-dev install -e ${id}`,
          `  Remove all of it      bai-dev delete -e ${id}`,
        ]
      : []),
  ];
}

const staying = (files: readonly UserFiles[]): string[] =>
  files.filter(({ goes }) => !goes).map((one) => placeLine(one));

/** A place with its first files; the number says whether there are more. */
function placeLine({ path, files, bytes: size, names }: UserFiles): string {
  const own = names.length === 1 && names[0] === path;
  const shown = own ? '' : `: ${names.slice(0, 3).join(', ')}${files > 3 ? ', ...' : ''}`;
  return own ? `${path}, ${bytes(size)}` : `${path}, ${count(files, 'file')}, ${bytes(size)}${shown}`;
}

const foreign = 'These are called like things of it; bai-dev did not make them and leaves them alone:';

function savedLines({ id, rescued, savedFiles, snapshot, unsaved }: DeleteResult, { home }: Look): string[] {
  return [
    ...(rescued === undefined
      ? []
      : [
          '',
          `  Work was saved in ${tilde(rescued.folder, home)}. It is brought back by`,
          `  ${rescued.command}`,
        ]),
    ...(savedFiles === undefined
      ? []
      : [
          '',
          `  Files were saved in ${tilde(savedFiles.folder, home)}. Put them back with`,
          `  ${savedFiles.command}`,
        ]),
    ...(snapshot === undefined
      ? []
      : [
          '',
          `  Its data are in snapshot ${snapshot.name}, ${bytes(snapshot.bytes ?? 0)}.`,
          `  Bring them back   bai-dev snapshot restore ${id} ${snapshot.name}`,
          `  Remove them       bai-dev snapshot delete ${id} ${snapshot.name}`,
        ]),
    ...(unsaved === undefined ? [] : ['', `  ${unsaved}`]),
  ];
}
