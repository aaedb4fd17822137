// Chooses how to tell: JSON, a live view or plain lines; with colours or without.
import { jsonOutput } from './json.ts';
import { writer, type Output } from './output.ts';
import { plainOutput } from './plain.ts';
import { printable } from './printable.ts';
import { decideStyle, lookOf, noPaint, type Look, type Style } from './style.ts';

export interface Choice {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly noColor: boolean;
  readonly home: string;
  /** Makes libraries that decide for themselves print no colours. */
  forbidColor(): void;
}

/** The output that fits the streams, the variables and what was asked for. */
export async function chooseOutput(choice: Choice): Promise<Output> {
  const { variables, noColor, verbose, home } = choice;
  const [stdout, stderr] = [writer(choice.stdout), writer(choice.stderr)];
  if (choice.json) {
    choice.forbidColor();
    return jsonOutput(stdout, { verbose });
  }
  const styleOf = (stream: NodeJS.WriteStream): Style =>
    decideStyle({ variables, noColor, terminal: stream.isTTY });
  const [style, resultStyle] = [styleOf(choice.stderr), styleOf(choice.stdout)];
  if (!style.color) choice.forbidColor();
  const tty = style.live || style.color || resultStyle.color ? await import('./tty.ts') : undefined;
  const paint = tty?.chalkPaint() ?? noPaint;
  const lookAt = (stream: NodeJS.WriteStream, of: Style): Look =>
    lookOf(of, {
      paint: of.color ? paint : noPaint,
      width: stream.isTTY ? stream.columns || 80 : Infinity,
      home,
    });
  const look = (): Look => lookAt(choice.stderr, style);
  const resultLook = (): Look => lookAt(choice.stdout, resultStyle);
  const clock = (): number => performance.now();
  const common = { stdout, stderr, style, verbose, clock };
  const output =
    style.live && tty !== undefined
      ? tty.terminalOutput({ ...common, screen: choice.stderr, look, resultLook })
      : plainOutput({ ...common, look: look(), resultLook: resultLook() });
  return {
    ...output,
    emit: (event) => output.emit(printable(event)),
    end: (ending, more) => output.end(printable(ending), more),
  };
}
