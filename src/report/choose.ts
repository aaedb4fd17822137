// Chooses how to tell: JSON, a live view or plain lines; with colours or without.
import type { Rewrite } from './invocation.ts';
import { jsonOutput } from './json.ts';
import { writer, type Output, type Write } from './output.ts';
import { plainOutput } from './plain.ts';
import { mapTexts, printable } from './printable.ts';
import { decideStyle, lookOf, noPaint, type Look, type Style } from './style.ts';

export interface Choice {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly noColor: boolean;
  readonly home: string;
  /** Makes the commands in a text work where the user stands. */
  readonly rewrite: Rewrite;
  /** Makes libraries that decide for themselves print no colours. */
  forbidColor(): void;
}

/** The output that fits the streams, the variables and what was asked for. */
export async function chooseOutput(choice: Choice): Promise<Output> {
  const { variables, noColor, verbose, home, rewrite } = choice;
  if (choice.json) {
    choice.forbidColor();
    return mapped(jsonOutput(writer(choice.stdout), { verbose }), (value) => mapTexts(value, rewrite));
  }
  // screens name commands of their own besides those in events and results
  const [stdout, stderr] = [choice.stdout, choice.stderr].map((stream): Write => {
    const write = writer(stream);
    return (text) => write(rewrite(text));
  }) as [Write, Write];
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
  return mapped(output, (value) => mapTexts(printable(value), rewrite));
}

/** An output to which events and the ending come changed. */
function mapped(output: Output, change: <T>(value: T) => T): Output {
  return {
    ...output,
    emit: (event) => output.emit(change(event)),
    end: (ending, more) => output.end(change(ending), more),
  };
}
