import { isPicture } from "../graph/pictures";
import { hasEnded } from "../graph/progress";
import { useEditor } from "../state/store";
import { showPictures } from "../state/viewer";
import { Trouble } from "./Trouble";
import { Values } from "./Values";

/** The newest picture, large: the preview while it is made, then the picture; and what is in the way of one. */
export function Result() {
  const results = useEditor((now) => now.results);
  const values = useEditor((now) => now.values);
  const run = useEditor((now) => now.run);
  const previews = useEditor((now) => now.previews);
  const problems = useEditor((now) => now.problems);
  const files = Object.values(results).flat();
  const pictures = files.filter((file) => isPicture(file.name));
  const going = run !== null && !hasEnded(run.state);
  const preview = going ? Object.values(previews).at(-1) : undefined;
  return (
    <div className={!preview && pictures.length > 1 ? "result many" : "result"}>
      <Trouble most={3} />
      {preview ? (
        <img className="large" src={preview} alt="Preview of the work so far" />
      ) : (
        pictures.map((file) => (
          <figure key={file.id}>
            <button type="button" className="picture" aria-label={`Look at ${file.name}`} onClick={() => showPictures(pictures, file.id)}>
              <img className="large" src={file.url} alt={file.name} />
            </button>
            <figcaption>
              {file.name}
              <a href={file.url} download={file.name}>
                Download
              </a>
            </figcaption>
          </figure>
        ))
      )}
      {files
        .filter((file) => !pictures.includes(file))
        .map((file) => (
          <p key={file.id}>
            <a href={file.url} download={file.name}>
              {file.name}
            </a>
          </p>
        ))}
      {!preview && Object.entries(values).map(([node, one]) => <Values key={node} values={one} />)}
      {!preview && files.length === 0 && Object.keys(values).length === 0 && problems.length === 0 && !run?.error && <p className="nothing">Run the workflow (Ctrl+Enter); its result appears here.</p>}
    </div>
  );
}
