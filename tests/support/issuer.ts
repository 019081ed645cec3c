import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';

export type PublicAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A key pair of an issuer of tokens. */
export interface IssuerKey {
  readonly algorithm: PublicAlgorithm;
  readonly privateKey: CryptoKey;
  readonly pem: string;
  /** The public half, with the id it is published under. */
  readonly jwk: JWK;
}

export async function makeKey(algorithm: PublicAlgorithm, kid: string): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
  return { algorithm, privateKey, pem: await exportSPKI(publicKey), jwk };
}

export type Claims = Readonly<Record<string, unknown>>;

const inSeconds = (offset_s: number): number => Math.floor(Date.now() / 1_000) + offset_s;

/** A token of the user `ada`, good for an hour unless `claims` say otherwise; undefined leaves one out. */
export const claimsOf = (claims: Claims = {}): Claims => ({
  sub: 'ada',
  name: 'Ada',
  iat: inSeconds(-1),
  exp: inSeconds(3_600),
  ...claims,
});

export const signWithSecret = (secret: string, claims: Claims = {}): Promise<string> =>
  new SignJWT(claimsOf(claims))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

/** @param header beside the algorithm and the id of the key */
export const signWithKey = (
  key: IssuerKey,
  claims: Claims = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> =>
  new SignJWT(claimsOf(claims))
    .setProtectedHeader({ alg: key.algorithm, kid: key.jwk.kid ?? '', ...header })
    .sign(key.privateKey);

/** A file for as long as the block it is declared in with `using`. */
export function temporaryFile(
  name: string,
  content: string,
): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hubbub-keys-'));
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
