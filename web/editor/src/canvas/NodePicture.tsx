import { outputThumbnail } from "../api/client";
import { Values } from "../panels/Values";
import { useEditor } from "../state/store";
import { showPictures } from "../state/viewer";

const SIZE = 512;

/** What a node shows of its work: the preview while it runs, the picture when it has written one, the values that it gave. */
export function NodePicture({ node, title }: { node: string; title: string }) {
  const values = useEditor((now) => now.values[node]);
  return (
    <>
      <Pictures node={node} title={title} />
      <Values values={values} />
    </>
  );
}

function Pictures({ node, title }: { node: string; title: string }) {
  const preview = useEditor((now) => now.previews[node]);
  const files = useEditor((now) => now.results[node]);
  const pictures = files?.filter((file) => /\.(png|jpe?g|webp)$/i.test(file.name)) ?? [];
  if (pictures.length > 0) {
    return (
      <div className={`pictures${pictures.length > 1 ? " many" : ""}`}>
        {pictures.slice(0, 9).map((file) => (
          <button key={file.id} type="button" className="picture nodrag" aria-label={`Look at ${file.name}`} onClick={() => showPictures(pictures, file.id)}>
            <img src={outputThumbnail(file.id, SIZE)} alt={`Result of ${title}`} draggable={false} />
          </button>
        ))}
      </div>
    );
  }
  return preview ? <img className="preview" src={preview} alt={`Preview of ${title}`} draggable={false} /> : null;
}
