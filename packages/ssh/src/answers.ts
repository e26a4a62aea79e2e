import type { SshOptions, SshQuestion } from "./destination.ts";

export interface Answers {
  /** For one attempt to connect: what was right before is answered first, then the person is asked. */
  readonly ask: (question: SshQuestion) => Promise<string>;
  /** The attempt was successful: its last answers are right. */
  readonly keep: () => void;
}

/**
 * Passwords and passphrases are kept for a reconnect, in memory only. A code of a second factor is never used twice.
 */
export function createAnswers(ask: NonNullable<SshOptions["ask"]>): (signal: AbortSignal) => Answers {
  const right = new Map<string, string>();
  return (signal) => {
    const given = new Map<string, string>();
    return {
      async ask(question) {
        const known = given.has(question.prompt) ? undefined : right.get(question.prompt);
        const answer = known ?? (await ask(question, signal));
        if (question.kind !== "keyboard-interactive") given.set(question.prompt, answer);
        return answer;
      },
      keep() {
        for (const [prompt, answer] of given) right.set(prompt, answer);
      },
    };
  };
}
