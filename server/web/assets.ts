/** One file of the chat page, ready to be answered with. Plain data: other threads can be given it. */
export interface PageAsset {
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same as gzip, where that is smaller. */
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
  /** Weak, since it stands for both forms. */
  readonly etag: string;
  /** Content type, caching and what the browser may do with it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Every file of the page by its path, `/` among them. */
export type PageAssets = ReadonlyMap<string, PageAsset>;
