import type { Context } from "../context.ts";
import { drawInTurn } from "./turns.ts";

const patienceMs = 400;
const shownOn = new WeakMap<Context["stderr"], (more: string) => void>();

/** Does the work; on a terminal a line says what is going on while it takes longer than a moment. */
export async function withProgress<T>(text: string, { stderr, env }: Context, work: () => Promise<T>): Promise<T> {
  if (!stderr.isTTY || env["TERM"] === "dumb") return work();
  const { default: createSpinner } = await import("yocto-spinner");
  const spinner = createSpinner({ text, stream: stderr, handleSignals: false });
  let timer: NodeJS.Timeout | undefined;
  const show = () => {
    clearTimeout(timer);
    timer = setTimeout(() => spinner.start(), patienceMs);
  };
  const hide = () => {
    clearTimeout(timer);
    if (spinner.isSpinning) spinner.stop();
  };
  shownOn.set(stderr, (more) => (spinner.text = `${text}: ${more}`));
  show();
  try {
    return await drawInTurn(stderr, { show, hide }, work);
  } finally {
    shownOn.delete(stderr);
    hide();
  }
}

/** Says more in the line that is shown on this terminal; nothing where none is. */
export function tellProgress(stderr: Context["stderr"], more: string): void {
  shownOn.get(stderr)?.(more);
}
