/** What a library reports while it works. Each package narrows this to its own union. */
export interface Event {
  /** `<package>.<what happened>`: `packager.packed`, `store.staged`, `experiment.submitted`. */
  readonly type: string;
}

export type EventListener<E extends Event> = (event: E) => void;
