/** For text and attribute values in HTML and SVG. */
export const escapeHtml = (text: string): string => Bun.escapeHTML(text);
