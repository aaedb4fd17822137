// What a server says when it is asked from outside whether it is ready.

/** `final`: waiting longer will not change it, e.g. a password that is not accepted. */
export type Answer =
  { readonly ready: true } | { readonly ready: false; readonly reason: string; readonly final: boolean };

export const ready: Answer = { ready: true };

/** Not yet: it may still be starting. */
export const notYet = (reason: string): Answer => ({ ready: false, reason, final: false });

/** Never: it answers, and the answer is no. */
export const never = (reason: string): Answer => ({ ready: false, reason, final: true });

/** The error of a connection that was not made, in a few words. */
export function connectionTrouble(error: unknown): string {
  const parts = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
  const text = parts.join('; ');
  return text === '' ? 'no connection' : text;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? messageOf(error.cause) : error.message;
}
