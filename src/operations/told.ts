// Several environments in one run: the steps of each are told under a name that says whose they are.
import { forEnvironment, type World } from '../world.ts';

/** The world in which steps for an environment are told in a group of that name. */
export function toldAs(world: World, id: string, group: string): World {
  const emit: World['report']['emit'] = (event) => {
    if (event.kind === 'step-started' || event.kind === 'step-ended') {
      world.report.emit({ ...event, step: `${id}:${event.step}`, group });
    } else if (event.kind === 'step-progress') {
      world.report.emit({ ...event, step: `${id}:${event.step}` });
    } else {
      world.report.emit(event);
    }
  };
  return forEnvironment({ ...world, report: { emit } }, id);
}
