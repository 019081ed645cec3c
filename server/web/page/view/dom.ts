/** The element of the document with this id. @throws Error when index.html has no such element */
export function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} #${id}`);
}

type Attributes = Readonly<Record<string, string>>;

/** A new element. Text is text: nothing here reads markup. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets a text only when it differs: live regions speak on every change. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets `data-…` to be there or not. */
export function setFlag(element: HTMLElement, name: string, isSet: boolean): void {
  if (isSet) element.dataset[name] = '';
  else delete element.dataset[name];
}

/** Whether keys are drawn on the screen: they come up with the focus, and have no Shift + Enter. */
export const hasTouchKeyboard = (): boolean => matchMedia('(pointer: coarse)').matches;

const ICONS = {
  none: '',
  clock: 'M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  check: 'M5 13l4.5 4.5L19 7.5',
  alert: 'M12 7v6M12 17v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
} as const;

export type IconName = keyof typeof ICONS;

export function makeIcon(name: IconName): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
  drawIcon(svg, name);
  return svg;
}

/** Turns an icon into another one; `none` takes no place. */
export function drawIcon(svg: SVGElement, name: IconName): void {
  svg.toggleAttribute('hidden', name === 'none');
  svg.firstElementChild?.setAttribute('d', ICONS[name]);
}
