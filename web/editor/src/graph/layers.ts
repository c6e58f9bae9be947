/**
 * A layered drawing (Sugiyama, Tagawa and Toda 1981): nodes in columns along the wires, each column in an order in
 * which few wires cross, each node as near to the height of its neighbours as those above and below it let it be.
 */

export interface Item {
  width: number;
  height: number;
}

/** A wire; `port` is the place of the input among those of the target, `exit` that of the output, both 0 to 1. */
export interface Wire {
  source: string;
  target: string;
  port: number;
  exit: number;
}

export interface Gaps {
  column: number;
  row: number;
}

const ORDERINGS = 12;
const PULLS = 12;
const WAY_HEIGHT = 8;

/** The middles of the items, by name. */
export function layered(items: ReadonlyMap<string, Item>, wires: readonly Wire[], gaps: Gaps): Map<string, { x: number; y: number }> {
  const forward = acyclic([...items.keys()], wires);
  const ranks = ranked([...items.keys()], forward);
  const { cells, links, columns } = withWays(items, forward, ranks);
  order(columns, links);
  align(columns, cells, links, gaps.row);
  const widths = columns.map((column) => Math.max(0, ...column.map((name) => cells.get(name)!.width)));
  const found = new Map<string, { x: number; y: number }>();
  let left = 0;
  columns.forEach((column, rank) => {
    for (const name of column) if (items.has(name)) found.set(name, { x: left + widths[rank]! / 2, y: cells.get(name)!.y });
    left += widths[rank]! + gaps.column;
  });
  return found;
}

/** The wires without those that would close a circle. */
function acyclic(names: readonly string[], wires: readonly Wire[]): Wire[] {
  const after = grouped(wires, (wire) => wire.source);
  const state = new Map<string, "open" | "done">();
  const kept: Wire[] = [];
  for (const first of names) {
    if (state.has(first)) continue;
    const stack: [string, number][] = [[first, 0]];
    state.set(first, "open");
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const wire = after.get(top[0])?.[top[1]++];
      if (!wire) {
        state.set(top[0], "done");
        stack.pop();
      } else if (state.get(wire.target) !== "open") {
        kept.push(wire);
        if (!state.has(wire.target)) {
          state.set(wire.target, "open");
          stack.push([wire.target, 0]);
        }
      }
    }
  }
  return kept;
}

/** The column of each node: behind all that feeds it, and no farther from what it feeds than it must be. */
function ranked(names: readonly string[], wires: readonly Wire[]): Map<string, number> {
  const before = grouped(wires, (wire) => wire.target);
  const after = grouped(wires, (wire) => wire.source);
  const waiting = new Map(names.map((name) => [name, before.get(name)?.length ?? 0]));
  const open = names.filter((name) => waiting.get(name) === 0);
  const ranks = new Map(open.map((name) => [name, 0]));
  for (const name of open) {
    for (const { target } of after.get(name) ?? []) {
      ranks.set(target, Math.max(ranks.get(target) ?? 0, ranks.get(name)! + 1));
      waiting.set(target, waiting.get(target)! - 1);
      if (waiting.get(target) === 0) open.push(target);
    }
  }
  for (const name of open.toReversed()) {
    const next = after.get(name) ?? [];
    if (next.length > (before.get(name)?.length ?? 0)) ranks.set(name, Math.min(...next.map(({ target }) => ranks.get(target)!)) - 1);
  }
  return ranks;
}

interface Cell extends Item {
  y: number;
}

/** The same wires in steps of one column, with cells on the way where a wire passes a column. */
function withWays(items: ReadonlyMap<string, Item>, wires: readonly Wire[], ranks: ReadonlyMap<string, number>) {
  const cells = new Map<string, Cell>([...items].map(([name, item]) => [name, { ...item, y: 0 }]));
  const columns: string[][] = Array.from({ length: Math.max(0, ...ranks.values()) + 1 }, () => []);
  for (const name of items.keys()) columns[ranks.get(name)!]!.push(name);
  const links: Wire[] = [];
  wires.forEach((wire, index) => {
    let from = wire.source;
    let exit = wire.exit;
    for (let rank = ranks.get(wire.source)! + 1; rank < ranks.get(wire.target)!; rank++) {
      const way = `\n${index}.${rank}`;
      cells.set(way, { width: 0, height: WAY_HEIGHT, y: 0 });
      columns[rank]!.push(way);
      links.push({ source: from, target: way, exit, port: 0.5 });
      [from, exit] = [way, 0.5];
    }
    links.push({ ...wire, source: from, exit });
  });
  return { cells, links, columns };
}

/** Order each column by the mean place of its neighbours, to and fro. */
function order(columns: string[][], links: readonly Wire[]): void {
  const before = grouped(links, (link) => link.target);
  const after = grouped(links, (link) => link.source);
  const place = new Map<string, number>();
  const number = (column: readonly string[]) => column.forEach((name, at) => place.set(name, at));
  columns.forEach(number);
  for (let turn = 0; turn < ORDERINGS; turn++) {
    const down = turn % 2 === 0;
    for (const column of down ? columns.slice(1) : columns.slice(0, -1).toReversed()) {
      const wanted = new Map(
        column.map((name) => {
          const near = (down ? before.get(name)?.map((link) => place.get(link.source)! + link.exit) : after.get(name)?.map((link) => place.get(link.target)! + link.port)) ?? [];
          return [name, near.length > 0 ? mean(near) : place.get(name)! + 0.5];
        }),
      );
      column.sort((a, b) => wanted.get(a)! - wanted.get(b)! || place.get(a)! - place.get(b)!);
      number(column);
    }
  }
}

/** Heights: each column as near as it can be to the heights of its neighbours, to and fro. */
function align(columns: readonly string[][], cells: ReadonlyMap<string, Cell>, links: readonly Wire[], gap: number): void {
  const before = grouped(links, (link) => link.target);
  const after = grouped(links, (link) => link.source);
  for (const column of columns) settle(column, cells, column.map(() => 0), gap);
  for (let turn = 0; turn < PULLS; turn++) {
    const down = turn % 2 === 0;
    for (const column of down ? columns : columns.toReversed()) {
      const wanted = column.map((name) => {
        const sides = turn < 2 ? [down ? before : after] : [before, after];
        const near = sides.flatMap((side) => side.get(name) ?? []).map((link) => cells.get(link.source === name ? link.target : link.source)!.y);
        return near.length > 0 ? mean(near) : cells.get(name)!.y;
      });
      settle(column, cells, wanted, gap);
    }
  }
}

/** The heights nearest to the wanted ones in the order of a column without overlaps: neighbours that collide move as one. */
function settle(column: readonly string[], cells: ReadonlyMap<string, Cell>, wanted: readonly number[], gap: number): void {
  const offsets: number[] = [];
  let offset = 0;
  column.forEach((name, at) => {
    const half = cells.get(name)!.height / 2;
    if (at > 0) offset += cells.get(column[at - 1]!)!.height / 2 + gap + half;
    offsets.push(offset);
  });
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((y, at) => {
    let block = { sum: y - offsets[at]!, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count >= block.sum / block.count; last = blocks.at(-1)) {
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  let at = 0;
  for (const { sum, count } of blocks) for (let k = 0; k < count; k++, at++) cells.get(column[at]!)!.y = sum / count + offsets[at]!;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function grouped(wires: readonly Wire[], key: (wire: Wire) => string): Map<string, Wire[]> {
  const found = new Map<string, Wire[]>();
  for (const wire of wires) {
    const group = found.get(key(wire));
    if (group) group.push(wire);
    else found.set(key(wire), [wire]);
  }
  return found;
}
