/** The keys of a command. */
export function Keys({ keys }: { keys: readonly string[] }) {
  return (
    <span className="keys">
      {keys.map((key) => (
        <kbd key={key}>{key.replace("Arrow", "")}</kbd>
      ))}
    </span>
  );
}
