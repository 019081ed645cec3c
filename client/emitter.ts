type Listener<T> = (event: T) => void;
type Listeners<Events> = { [Name in keyof Events]?: readonly Listener<Events[Name]>[] };

/** Named events with their types. Listeners run in the order they were added, at once. */
export class Emitter<Events> {
  // Copied on every change, so that an event in progress reaches those who listened when it began.
  readonly #listeners: Listeners<Events> = {};

  /** @returns a function that ends the subscription */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    this.#listeners[name] = [...(this.#listeners[name] ?? []), listener];
    return () => {
      this.#listeners[name] = this.#listeners[name]?.filter((one) => one !== listener) ?? [];
    };
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(event);
      } catch (error) {
        // A listener's failure belongs to the application's global handler; the room's order goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
