export interface StoreLayout {
  readonly version: number;
  readonly clusterName: string;
}

/** The text of layout.json; undefined when it is none. */
export function parseLayout(text: string): StoreLayout | undefined {
  try {
    const layout: unknown = JSON.parse(text);
    return isLayout(layout) ? layout : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isLayout(value: unknown): value is StoreLayout {
  if (typeof value !== "object" || value === null || !("version" in value) || !("clusterName" in value)) return false;
  return typeof value.version === "number" && typeof value.clusterName === "string";
}
