// Options of install by name, as what is wished for an environment.
import { Failure } from '../failure.ts';
import type { Wishes } from '../operations/request.ts';
import { portWish } from './ports.ts';
import type { Values } from './settings.ts';
import { mockBranch, sourceWishes } from './sources.ts';

/** All that was said about an environment. `code` is for what cannot be meant, by whoever said it. */
export function wishesOf(values: Values, code: 'BAI-USAGE' | 'BAI-CONFIG'): Wishes {
  const { release, engine, index } = values;
  const sources = sourceWishes(values);
  const { 'install-path': installPath, 'python-version': pythonVersion } = values;
  return {
    ...(release === undefined ? {} : { release }),
    ...(installPath === undefined ? {} : { installPath }),
    ...(pythonVersion === undefined ? {} : { pythonVersion }),
    ...(engine === undefined ? {} : { engine }),
    ...(sources === undefined ? {} : { sources }),
    ...(index === undefined ? {} : { index }),
    ...acceleratorOf(values, code),
    ...kernelImagesOf(values),
    ports: portWish(values, code),
  };
}

/** The mock is a kind of CUDA: whoever asks for both gets it. A branch of the plugin asks for the plugin. */
function acceleratorOf(values: Values, code: 'BAI-USAGE' | 'BAI-CONFIG'): Pick<Wishes, 'accelerator'> {
  const branch = values['cuda-branch'];
  if (values['no-cuda'] === true) {
    const other = (['enable-cuda', 'enable-cuda-mock'] as const).find((name) => values[name] === true);
    if (other === undefined && branch === undefined) return { accelerator: 'none' };
    throw new Failure(code, `--no-cuda and --${other ?? 'cuda-branch'} cannot both be meant.`);
  }
  if (values['enable-cuda-mock'] === true || branch === mockBranch) return { accelerator: 'cuda-mock' };
  return values['enable-cuda'] === true || branch !== undefined ? { accelerator: 'cuda' } : {};
}

function kernelImagesOf(values: Values): Pick<Wishes, 'kernelImages'> {
  if (values['download-big-images'] === true) return { kernelImages: 'big' };
  return values['no-kernel-images'] === true ? { kernelImages: 'none' } : {};
}
