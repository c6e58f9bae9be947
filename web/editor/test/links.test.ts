import { describe, expect, it } from "vitest";
import type { Fits, KindInfo, NodeInfo } from "../src/api/types";
import { makeCatalog } from "../src/graph/catalog";
import type { Body } from "../src/graph/document";
import { judge, type How, type Wire } from "../src/graph/judge";
import table from "../../../tests/web/link_cases.json";

interface Table {
  catalog: { nodes: NodeInfo[]; kinds: KindInfo[]; fits: Fits };
  cases: { about: string; body: Body; wire: Wire; how: How | null }[];
}

/** The table that the checker's own tests run too: what the editor draws, the engine takes, and nothing else. */
const { catalog, cases } = table as unknown as Table;

describe("the editor's verdict on a wire is the checker's", () => {
  const known = makeCatalog(catalog.nodes, catalog.kinds, catalog.fits);
  it.each(cases)("$about", ({ body, wire, how }) => {
    const found = judge(wire, body, known);
    expect(found.ok ? found.how : null).toBe(how);
  });
});
