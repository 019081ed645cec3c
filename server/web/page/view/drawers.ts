/** Below these widths of the window a column becomes a drawer, as the style sheet has it. */
const DRAWER_WIDTHS = ['720px', '1080px'];

export const isDrawerOpen = (): boolean => document.querySelector(':popover-open') !== null;

export function closeDrawers(): void {
  for (const drawer of document.querySelectorAll<HTMLElement>(':popover-open')) {
    drawer.hidePopover();
  }
}

/** A drawer that is a column again must not stay on top of the page. */
export function watchDrawers(): void {
  for (const width of DRAWER_WIDTHS) {
    matchMedia(`(width < ${width})`).addEventListener('change', closeDrawers);
  }
}
