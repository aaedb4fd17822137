// For pipes, files and terminals that cannot move their cursor: one plain line per event on stderr.
import type { Event, Finding } from './events.ts';
import { asText, type Output, type Write } from './output.ts';
import { inLocale, type Look, type Style } from './style.ts';
import { eventLines, progress } from './words/events.ts';
import { endingLines } from './words/ending.ts';

export interface PlainParts {
  readonly stdout: Write;
  readonly stderr: Write;
  readonly look: Look;
  /** For what goes to stdout. */
  readonly resultLook: Look;
  readonly style: Style;
  readonly verbose: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** A long step says now and then how far it is, so that nobody thinks it hangs; in milliseconds. */
const silence = 15_000;

/** Events and failures go to stderr, a result to stdout. */
export function plainOutput(parts: PlainParts): Output {
  const { stdout, stderr, look, style, verbose, clock } = parts;
  const say = (lines: readonly string[]): void => stderr(inLocale(asText(lines), style.unicode));
  const told = new Map<string, number>();
  let findings: readonly Finding[] = [];
  let id = '';

  const isSilent = (event: Event): boolean => {
    if (event.kind === 'step-started') told.set(event.step, clock());
    if (event.kind !== 'step-progress') return false;
    if (clock() - (told.get(event.step) ?? 0) < silence) return true;
    told.set(event.step, clock());
    return false;
  };

  return {
    emit: (event) => {
      if (event.kind === 'environment') id = event.id;
      if (event.kind === 'prechecks') {
        findings = event.findings;
        // told with their remedies at the end
        if (findings.some(({ severity }) => severity === 'blocker')) return;
      }
      if (verbose) say(eventLines(event, look, true));
      else if (isSilent(event)) return;
      else if (event.kind === 'step-progress') say([`${event.step}: ${progress(event)}`]);
      else say(eventLines(event, look, false));
    },
    pause: () => undefined,
    resume: () => undefined,
    end: (ending, more) => {
      if (ending.ok) {
        stdout(
          inLocale(
            asText(endingLines({ ending, more, findings, id, verbose }, parts.resultLook)),
            style.unicode,
          ),
        );
      } else {
        say(endingLines({ ending, more, findings, id, verbose }, look));
      }
    },
  };
}
