/** Values that a run gave, by their names. */
export function Values({ values }: { values: Readonly<Record<string, unknown>> | undefined }) {
  if (!values) return null;
  return (
    <dl className="values nodrag nowheel">
      {Object.entries(values).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value, null, Array.isArray(value) && value.length > 8 ? 0 : 1)}</dd>
        </div>
      ))}
    </dl>
  );
}
