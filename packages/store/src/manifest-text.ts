import { renderManifest } from "@slipway/core";
import type { Manifest } from "@slipway/core";

const texts = new WeakMap<Manifest, Uint8Array>();

/** The canonical text of a manifest, which is asked for several times in an upload, made once. */
export function manifestText(manifest: Manifest): Uint8Array {
  const known = texts.get(manifest);
  if (known) return known;
  const text = renderManifest(manifest);
  texts.set(manifest, text);
  return text;
}

/** Of a manifest that was read from its text. */
export function keepManifestText(manifest: Manifest, text: Uint8Array): void {
  texts.set(manifest, text);
}
