// Writes the files by which a shell turns into a client of this environment, as the release names them.
import type { Step } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import { clientTree, renderedFiles } from './configure.ts';
import { generatedStep } from './generated.ts';
import type { Making } from './making.ts';

/** `client:environment`: one file for each example account and way of logging in. */
export function clientSteps(making: Making): Step<Resource>[] {
  const tree = clientTree(making.spec.release);
  const files = renderedFiles(making, tree);
  return [
    generatedStep(making, {
      id: 'client:environment',
      title: 'client',
      group: 'Configuration',
      after: [`source:${tree}`],
      files,
    }),
  ];
}
