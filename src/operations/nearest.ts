// Finds the word that was probably meant.

/** The word that is at most two letters (one in short words) away; undefined if none is or several are. */
export function nearest<T extends string>(word: string, words: readonly T[]): T | undefined {
  const reach = word.length < 5 ? 1 : 2;
  const scored = words
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((each) => each.distance <= reach)
    .sort((a, b) => a.distance - b.distance);
  const [first, second] = scored;
  return first === undefined || first.distance === second?.distance ? undefined : first.candidate;
}

/** `Did you mean "x"?` with a space before it, or nothing. */
export function suggestion(word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  return meant === undefined ? '' : ` Did you mean ${meant}?`;
}

/** Up to three words that are most like this one, the nearest first; none that have hardly a letter of it. */
export function nearestOf(word: string, words: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  return words
    .map((candidate) => ({ candidate, far: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, far }) => far < Math.max(wanted.length, candidate.length))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Letters to change, add, drop or swap with a neighbour to get from one word to the other. */
function distance(from: string, to: string): number {
  const rows = Array.from({ length: from.length + 1 }, (_, row) => [row]);
  const at = (row: number, column: number): number => rows[row]?.[column] ?? column;
  for (let row = 1; row <= from.length; row += 1) {
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, at(row - 2, column - 2) + 1);
      rows[row]?.push(best);
    }
  }
  return at(from.length, to.length);
}
