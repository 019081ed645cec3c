import { nameFlaw, tidyName } from '../model/names.ts';
import { byId, setText } from './dom.ts';

export interface Entrance {
  /** What stands in the field. */
  readonly name: string;
  readonly invitation?: string;
  /** Whether one may go back instead. */
  readonly mayCancel?: boolean;
}

/** Asks for a name. @returns it, empty for one that is given; undefined when cancelled */
export function askName({ name, invitation, mayCancel }: Entrance): Promise<string | undefined> {
  const entrance = byId('entrance', HTMLElement);
  const form = byId('entrance-form', HTMLFormElement);
  const field = byId('name', HTMLInputElement);
  const problem = byId('name-problem', HTMLParagraphElement);
  const cancel = byId('entrance-cancel', HTMLButtonElement);
  if (invitation !== undefined) {
    setText(byId('entrance-invitation', HTMLParagraphElement), invitation);
  }
  setText(problem, '');
  cancel.hidden = mayCancel !== true;
  field.value = name;
  entrance.hidden = false;
  field.focus();
  field.select();

  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const listening = new AbortController();
  const { signal } = listening;
  const finish = (answer: string | undefined): void => {
    listening.abort();
    entrance.hidden = true;
    resolve(answer);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const wanted = tidyName(field.value);
    const flaw = wanted === '' ? undefined : nameFlaw(wanted);
    setText(problem, flaw ?? '');
    field.setAttribute('aria-invalid', String(flaw !== undefined));
    if (flaw === undefined) finish(wanted);
    else field.focus();
  };
  form.addEventListener('submit', submit, { signal });
  cancel.addEventListener('click', () => finish(undefined), { signal });
  form.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Escape' && mayCancel) finish(undefined);
    },
    { signal },
  );
  return promise;
}
