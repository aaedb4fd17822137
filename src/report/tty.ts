// For a person at a terminal: the live view, drawn by ora, and colours by chalk.
import { Chalk } from 'chalk';
import ora, { type Ora } from 'ora';
import type { Event, Finding, PlanFact, PlannedStep } from './events.ts';
import { apart, cut, wrap } from './layout.ts';
import { enter, newLive } from './live.ts';
import { asText, type Output, type Write } from './output.ts';
import { liveLines } from './picture.ts';
import { inLocale, tilde, type Look, type Paint, type Style, type Tone } from './style.ts';
import { endingLines } from './words/ending.ts';
import { eventLines, headline, type EventOf } from './words/events.ts';
import { findingLines } from './words/findings.ts';
import { planScreen } from './words/plan.ts';

/** Colours that a terminal of sixteen has. */
export function chalkPaint(): Paint {
  const chalk = new Chalk({ level: 1 });
  const colors: Readonly<Record<Tone, (text: string) => string>> = {
    good: chalk.green,
    know: chalk.yellow,
    bad: chalk.red,
    faint: chalk.gray,
    strong: chalk.bold,
  };
  return (tone, text) => (text.trim() === '' ? text : colors[tone](text));
}

export interface TerminalParts {
  readonly stdout: Write;
  readonly stderr: Write;
  /** The terminal itself: stderr. */
  readonly screen: NodeJS.WriteStream;
  /** Made anew for each picture, because a terminal changes its size. */
  readonly look: () => Look;
  /** For what goes to stdout. */
  readonly resultLook: () => Look;
  readonly style: Style;
  readonly verbose: boolean;
  readonly clock: () => number;
}

/** Draws the live view while steps run, above it what must stay, and at the end its last picture. */
export function terminalOutput(parts: TerminalParts): Output {
  const { stdout, stderr, screen, look, style, verbose, clock } = parts;
  const shown = (lines: readonly string[]): string => inLocale(asText(lines), style.unicode);
  const say = (lines: readonly string[]): void => stderr(shown(lines));
  const live = newLive();
  let spinner: Ora | undefined;
  let findings: readonly Finding[] = [];
  let plan: readonly PlannedStep[] = [];
  let facts: readonly PlanFact[] = [];
  let planSeen = false;
  let working = false;
  let id = '';

  const picture = (ended: boolean): string[] =>
    liveLines(live, look(), { now: clock(), ended }).map((line) => inLocale(line, style.unicode));
  const start = (): void => {
    if (spinner !== undefined || !working) return;
    spinner = ora({
      stream: screen,
      isEnabled: true,
      // otherwise Ctrl-C is dead while it spins: libraries.md section 5
      discardStdin: false,
      color: false,
      // the marks that turn are ours, one a group
      spinner: { interval: 80, frames: [''] },
      prefixText: () => picture(false).join('\n'),
    }).start();
  };
  const stop = (): void => {
    spinner?.stop();
    spinner = undefined;
  };
  const drawLast = (): void => {
    stop();
    const lines = working ? liveLines(live, look(), { now: clock(), ended: true }) : [];
    if (lines.length > 0) say([...lines, '']);
    working = false;
  };

  const sayFindings = (told: readonly Finding[]): void => {
    if (told.length > 0) say([...told.flatMap((finding) => findingLines(finding, look())), '']);
  };
  const note = (event: Event): void => {
    switch (event.kind) {
      case 'environment':
        if (id === '') say([header(event, look()), '']);
        if (id === '' && event.random === true) say([`  ${event.id} is a name made up for this run.`, '']);
        id = event.id;
        working = event.command === 'install';
        break;
      case 'note':
      case 'change':
        for (const line of eventLines(event, look(), verbose))
          say(wrap(line, look().width - 3).map((part) => `  ${part}`));
        break;
      case 'prechecks':
        findings = event.findings;
        if (findings.some(({ severity }) => severity === 'blocker')) break;
        sayFindings(findings.filter(({ severity }) => verbose || severity === 'warning'));
        break;
      case 'plan':
        plan = event.steps;
        facts = event.facts ?? [];
        planSeen = false;
        break;
      case 'step-started':
      case 'removal':
        working = true;
        break;
      default:
        break;
    }
  };

  return {
    emit: (event) => {
      enter(live, event, clock());
      note(event);
      if (verbose && !['environment', 'note', 'change', 'prechecks'].includes(event.kind)) {
        say(eventLines(event, look(), true));
      }
      start();
    },
    pause: () => {
      stop();
      if (plan.length > 0 && !planSeen) say([...planScreen(plan, look(), facts), '']);
      planSeen = true;
    },
    resume: start,
    end: (ending, more) => {
      drawLast();
      const screenOf = (at: Look): string[] => endingLines({ ending, more, findings, id, verbose }, at);
      if (ending.ok) stdout(shown(screenOf(parts.resultLook())));
      else say(screenOf(look()));
    },
  };
}

/** The right end of the header goes first. */
function header(event: EventOf<'environment'>, look: Look): string {
  const room = look.width - 1;
  const left = headline(event, look);
  const path = look.paint('faint', tilde(event.path, look.home));
  return apart(left, path, Math.min(room, 100)) ?? cut(left, room, look.marks.cut);
}
