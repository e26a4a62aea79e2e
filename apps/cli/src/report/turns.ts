import type { WriteStream } from "node:tty";

/** Something that draws on a terminal again and again. */
export interface Drawing {
  hide(): void;
  show(): void;
}

interface Turns {
  /** Over when nobody is about to print. */
  printing: Promise<unknown>;
  drawing?: Drawing | undefined;
}

const turnsOf = new WeakMap<WriteStream, Turns>();

function turnsOn(terminal: WriteStream): Turns {
  const known = turnsOf.get(terminal);
  if (known) return known;
  const turns: Turns = { printing: Promise.resolve() };
  turnsOf.set(terminal, turns);
  return turns;
}

/** Asks a person something on the terminal: after what is being printed, and with nothing that draws there meanwhile. */
export async function askInTurn<T>(terminal: WriteStream, ask: () => Promise<T>): Promise<T> {
  const turns = turnsOn(terminal);
  await turns.printing;
  turns.drawing?.hide();
  try {
    return await ask();
  } finally {
    turns.drawing?.show();
  }
}

/** Work that may print; questions wait until it is over. */
export async function printInTurn<T>(terminal: WriteStream, work: () => Promise<T>): Promise<T> {
  const working = work();
  turnsOn(terminal).printing = working.catch(() => {}); // Whoever waits for the work is told.
  return working;
}

/** Draws on the terminal while the work goes on, unless a person is asked. */
export async function drawInTurn<T>(terminal: WriteStream, drawing: Drawing, work: () => Promise<T>): Promise<T> {
  const turns = turnsOn(terminal);
  turns.drawing = drawing;
  try {
    return await work();
  } finally {
    turns.drawing = undefined;
  }
}
