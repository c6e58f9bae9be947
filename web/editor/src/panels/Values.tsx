/** Values that a run gave, by their names. */
export function Values({ values }: { values: Readonly<Record<string, unknown>> | undefined }) {
  if (!values) return null;
  return (
    <dl className="values nodrag nowheel">
      {Object.entries(values).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Lists of plain values in one line, what is nested indented. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  const flat = Array.isArray(value) && value.every((one) => typeof one !== "object");
  return flat ? value.join(", ") : JSON.stringify(value, null, 1);
}
